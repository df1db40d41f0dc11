/** @jsxImportSource preact */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Message } from '../sdk/types.ts';
import { isOpen, type Talk } from './talk.ts';
import { Text } from './Text.tsx';
import { wish, words } from './words.ts';

const SHAPES = {
  close: 'M6 6l12 12M18 6L6 18',
  send: 'M12 19V5M6 11l6-6 6 6',
  stop: 'M7 7h10v10H7z',
  fresh: 'M12 5v14M5 12h14',
  good: 'M7 11v9H4v-9zM7 11l4-8a2 2 0 0 1 3 2l-1 4h5a2 2 0 0 1 2 2l-2 7a2 2 0 0 1-2 2H7',
  bad: 'M7 13V4H4v9zM7 13l4 8a2 2 0 0 0 3-2l-1-4h5a2 2 0 0 0 2-2l-2-7a2 2 0 0 0-2-2H7',
};
type ButtonProps = { icon: keyof typeof SHAPES; onClick?: () => void; [more: string]: unknown };

function IconButton({ icon, ...rest }: ButtonProps) {
  const label = words[icon];
  return (
    <button type="button" aria-label={label} title={label} {...rest}>
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d={SHAPES[icon]} />
      </svg>
    </button>
  );
}

/** @param version changes with the talk */
export function App({ talk, onClose }: { talk: Talk; version: number; onClose: () => void }) {
  const { messages, unsent, status } = talk;
  const shown = messages.filter(({ replaced_by }) => replaced_by === null);
  const open = shown.some(({ status }) => isOpen(status));
  const log = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  useLayoutEffect(() => {
    if (following.current && log.current) log.current.scrollTop = log.current.scrollHeight;
  });
  const send = (text: string) => {
    following.current = true;
    return talk.send(text);
  };
  return (
    <main>
      <header>
        <h1>{words.title}</h1>
        {shown.length > 0 && <IconButton icon="fresh" onClick={() => talk.begin()} />}
        <IconButton icon="close" onClick={onClose} />
      </header>
      <div
        ref={log}
        class="log"
        role="log"
        aria-label={words.messages}
        // Somebody without a mouse scrolls the messages by the arrow keys.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        onScroll={({ currentTarget: box }) => {
          following.current = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
        }}
      >
        <div class="bubble theirs">
          <Text text={wish.greeting ?? words.greeting} />
        </div>
        {shown.map((message) => (
          <Bubble key={message.id} message={message} talk={talk} />
        ))}
        {unsent.map(({ key, content, refused }) => (
          <article key={key} class="mine" aria-label={words.you}>
            <div class="bubble">{content}</div>
            {refused ? (
              <p role="alert">
                {words.refused}{' '}
                <button type="button" class="link" onClick={() => talk.retry(key)}>
                  {words.again}
                </button>
              </p>
            ) : (
              <p>{talk.offline ? words.unreachable : words.sending}</p>
            )}
          </article>
        ))}
        {shown.length + unsent.length === 0 && wish.questions.length > 0 && (
          <ul class="questions">
            {wish.questions.map((question) => (
              <li key={question}>
                <button type="button" onClick={() => void send(question).catch(() => {})}>
                  {question}
                </button>
              </li>
            ))}
          </ul>
        )}
        <p role="status">{status === 'waiting' ? words.person : status === 'agent' ? words.agent : ''}</p>
      </div>
      <Composer talk={talk} send={send} onStop={open ? () => void talk.stop().catch(() => {}) : undefined} />
    </main>
  );
}

function Bubble({ message, talk }: { message: Message; talk: Talk }) {
  const { content, message_type, status, feedback } = message;
  if (message_type === 'user')
    return (
      <article class="mine" aria-label={words.you}>
        <div class="bubble" dir="auto">
          {content}
        </div>
      </article>
    );
  const growing = isOpen(status);
  const rate = (rating: 'up' | 'down') => void talk.rate(message, rating).catch(() => {});
  return (
    <article aria-label={words.answer} aria-busy={growing}>
      <div class="bubble theirs">
        {content === '' && growing ? <span class="muted">{words.thinking}</span> : <Text text={content} />}
        {status === 'failed' && <p class="danger">{words.failed}</p>}
        {status === 'cancelled' && <p class="muted">{words.stopped}</p>}
      </div>
      {!growing && message_type === 'assistant' && content !== '' && (
        <div class="rate">
          <IconButton icon="good" aria-pressed={feedback === 'up'} onClick={() => rate('up')} />
          <IconButton icon="bad" aria-pressed={feedback === 'down'} onClick={() => rate('down')} />
        </div>
      )}
    </article>
  );
}

type ComposerProps = { talk: Talk; send: (text: string) => Promise<void>; onStop: (() => void) | undefined };
const LIMIT = 16_000;

function Composer({ talk, send, onStop }: ComposerProps) {
  const [text, setText] = useState('');
  const [failed, setFailed] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  const content = text.toWellFormed().replaceAll('\0', '').trim();
  const submit = async () => {
    if (content === '' || content.length > LIMIT) return;
    setText('');
    setFailed(false);
    try {
      await send(content);
    } catch {
      // There is no account yet whose message this could be: it goes back to its writer.
      setText(content);
      setFailed(true);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {failed && <p role="alert">{words.refused}</p>}
      {talk.isNew && <p class="consent">{words.consent}</p>}
      <div class="field">
        <textarea
          ref={field}
          aria-label={words.message}
          placeholder={words.write}
          rows={1}
          dir="auto"
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
            event.preventDefault();
            void submit();
          }}
        />
        {onStop && <IconButton icon="stop" onClick={onStop} />}
        <IconButton icon="send" type="submit" class="send" disabled={content === ''} />
      </div>
    </form>
  );
}
