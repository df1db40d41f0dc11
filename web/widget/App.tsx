/** @jsxRuntime classic */
/** @jsx h */
import { h } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Message } from '../sdk/types.ts';
import { Ear, isOpen } from '../shared/heard.ts';
import { speaker } from '../shared/speaker.ts';
import type { Talk } from './talk.ts';
import { Text } from './Text.tsx';
import { moment, wish, words } from './words.ts';

const SHAPES = {
  close: 'M6 6l12 12M18 6L6 18',
  send: 'M12 19V5M6 11l6-6 6 6',
  stop: 'M7 7h10v10H7z',
  fresh: 'M12 5v14M5 12h14',
  ask: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 20c1-4 4-6 8-6s7 2 8 6',
  good: 'M7 11v9H4v-9zM7 11l4-8a2 2 0 0 1 3 2l-1 4h5a2 2 0 0 1 2 2l-2 7a2 2 0 0 1-2 2H7',
  bad: 'M7 13V4H4v9zM7 13l4 8a2 2 0 0 0 3-2l-1-4h5a2 2 0 0 0 2-2l-2-7a2 2 0 0 0-2-2H7',
};
type ButtonProps = { icon: keyof typeof SHAPES; onClick?: () => void; [more: string]: unknown };

function IconButton({ icon, ...rest }: ButtonProps) {
  const label = words[icon];
  return (
    <button type="button" title={label} {...rest}>
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d={SHAPES[icon]} />
      </svg>
    </button>
  );
}

/** @param version changes with the talk */
export function App({ talk, onClose }: { talk: Talk; version: number; onClose: () => void }) {
  const { messages, unsent, status, offer, opensAt } = talk;
  const shown = messages.filter(({ replaced_by }) => replaced_by === null);
  const open = shown.some(({ status }) => isOpen(status));
  const log = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const follow = () => {
    if (following.current && log.current) log.current.scrollTop = log.current.scrollHeight;
  };
  useLayoutEffect(follow);
  // The keyboard of a phone, a turn of it and a higher field leave the messages less room.
  useEffect(() => {
    const watch = new ResizeObserver(follow);
    if (log.current) watch.observe(log.current);
    return () => watch.disconnect();
  }, []);
  const [failed, setFailed] = useState(false);
  const { who } = talk.draft;
  const attempt: Attempt = async (work, done) => {
    setFailed(false);
    try {
      await work;
      done?.();
    } catch {
      // The page has named another user meanwhile, whom it does not concern.
      setFailed(who === talk.draft.who);
    }
  };
  /** Goes on in the talk that is shown, at its end. */
  const goOn = () => {
    setLeaving(false);
    following.current = true;
    keepFocus();
  };
  const send = (text: string) => {
    goOn();
    return talk.send(text);
  };
  const stop = () => {
    keepFocus();
    void attempt(talk.stop());
  };
  const [leaving, setLeaving] = useState(false);
  // Nobody is asked how the talk of another user was, nor told what failed there.
  useEffect(() => {
    setLeaving(false);
    setFailed(false);
  }, [who]);
  const begin = () => {
    setFailed(false);
    talk.begin();
    goOn();
  };
  const leave = () => {
    if (talk.isRated || leaving) return begin();
    // The question how it was comes at the end, far from the button.
    following.current = true;
    setLeaving(true);
    setTimeout(() => document.querySelector<HTMLElement>('.ending button')?.focus());
  };
  useSpeech(talk);
  const isRating = !talk.isRated && (leaving || status === 'resolved');
  const questions = wish.questions.length > 0 ? wish.questions : (offer?.suggested_questions ?? []);
  const isFresh = shown.length + unsent.length === 0;
  return (
    <main>
      <header>
        <h1>{words.title}</h1>
        {shown.length > 0 && (status === 'bot' || status === 'resolved') && (
          <IconButton icon="ask" onClick={() => void attempt(talk.ask(), goOn)} />
        )}
        {shown.length > 0 && <IconButton icon="fresh" onClick={leave} />}
        <IconButton icon="close" onClick={onClose} />
      </header>
      <div
        ref={log}
        class="log"
        role="log"
        aria-live="off"
        aria-label={words.messages}
        // Somebody without a mouse scrolls the messages by the arrow keys.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        onScroll={({ currentTarget: box }) => {
          following.current = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
        }}
      >
        <div class="bubble theirs">
          <Text text={wish.greeting || offer?.greeting || words.greeting} />
        </div>
        {shown.map((message) => (
          <Bubble key={message.id} message={message} talk={talk} attempt={attempt} />
        ))}
        {unsent.map(({ key, content, refused, delayed }) => (
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
              <p>
                {delayed
                  ? words.later.replace('{when}', moment(delayed.until))
                  : talk.offline
                    ? words.unreachable
                    : words.sending}
              </p>
            )}
          </article>
        ))}
        {isFresh && questions.length > 0 && (
          <ul class="questions">
            {questions.map((question) => (
              <li key={question}>
                <button type="button" dir="auto" onClick={() => void send(question).catch(() => {})}>
                  {question}
                </button>
              </li>
            ))}
          </ul>
        )}
        <p role="status" class="muted">
          {said(talk)}
          {(isFresh || status === 'waiting') &&
            opensAt &&
            ` ${words.until.replace('{when}', moment(opensAt))}`}
        </p>
        {failed && <p role="alert">{words.unrated}</p>}
        {isRating && <Rating key={who} talk={talk} onDone={leaving ? begin : keepFocus} />}
      </div>
      <Composer talk={talk} send={send} onStop={open ? stop : undefined} />
    </main>
  );
}

const say = speaker('heard');

/** Tells screen readers what comes, once. The log itself is silent: it would read buttons, but no answer that grew. */
function useSpeech({ isLoaded, messages }: Talk): void {
  const [ear] = useState(() => new Ear());
  useEffect(() => {
    const news = isLoaded ? ear.hear(messages).map(heardOf) : [];
    // What was told of a talk goes with it.
    if (news[0] || !messages[0]) say(news.join(' '));
  });
}

function heardOf(message: Message): string {
  if (isOpen(message.status)) return words.thinking;
  return `${authorOf(message)}: ${endOf(message) ?? message.content.replaceAll(/\*\*|`|^#+ | ?\[\d+\]/gm, '')}`;
}

function authorOf({ message_type, agent }: Message): string {
  return message_type === 'agent' ? (agent?.name ?? words.somebody) : words.answer;
}

/** Says how an answer ended that is not whole. */
function endOf({ status }: Message): string | undefined {
  return { failed: words.failed, cancelled: words.stopped }[status as string];
}

/** Says who answers, where that is or was a person. */
function said({ status, agent, returned, thanked, ended, draft, wire }: Talk): string {
  if (ended) return draft.who ? words.out : words.ended;
  if (wire.typing && status === 'agent') return words.typing.replace('{name}', agent ?? words.somebody);
  if (status === 'waiting') return words.person;
  if (status === 'agent') return agent ? `${agent}: ${words.agent}` : words.agent;
  if (status === 'resolved') return thanked ? `${words.resolved} ${words.thanks}` : words.resolved;
  return returned ? words.back : '';
}

const STAR = 'M12 4l2.5 5.2 5.7.8-4.1 4 1 5.7-5.1-2.7-5.1 2.7 1-5.7-4.1-4 5.7-.8z';

/** Asks how the talk was, at its end. */
function Rating({ talk, onDone }: { talk: Talk; onDone: () => void }) {
  const [failed, setFailed] = useState(false);
  const rate = (score: number) =>
    talk.score(score).then(
      (isShown) => isShown && onDone(),
      () => setFailed(true),
    );
  return (
    <section class="ending" aria-label={words.how}>
      <p>{words.how}</p>
      {failed && <p role="alert">{words.unrated}</p>}
      <div dir="ltr">
        {[1, 2, 3, 4, 5].map((n) => (
          <button
            key={n}
            type="button"
            aria-label={words.score.replace('{n}', String(n))}
            onClick={() => void rate(n)}
          >
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d={STAR} />
            </svg>
          </button>
        ))}
      </div>
      <button
        type="button"
        class="link"
        onClick={() => {
          talk.skip();
          onDone();
        }}
      >
        {words.skip}
      </button>
    </section>
  );
}

/** Waits for an act, and says so when it fails. */
type Attempt = (work: Promise<unknown>, done?: () => void) => Promise<void>;
type BubbleProps = { message: Message; talk: Talk; attempt: Attempt };

function Bubble({ message, talk, attempt }: BubbleProps) {
  const { content, message_type, status, feedback } = message;
  const [author, end] = [authorOf(message), endOf(message)];
  if (message_type === 'user')
    return (
      <article class="mine" aria-label={words.you}>
        <div class="bubble" dir="auto">
          {content}
        </div>
      </article>
    );
  const growing = isOpen(status);
  const rate = (rating: 'up' | 'down') => void attempt(talk.rate(message, rating));
  return (
    <article aria-label={author}>
      {message_type === 'agent' && <p class="muted name">{author}</p>}
      <div class="bubble theirs">
        {content === '' && growing ? <span class="muted">{words.thinking}</span> : <Text text={content} />}
        {end && <p class={status === 'failed' ? 'danger' : 'muted'}>{end}</p>}
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

/** Puts the cursor into the field. The keyboard of a phone stays away until it is wanted. */
export function focusField(): void {
  if (matchMedia('(pointer: fine)').matches) document.querySelector('textarea')?.focus();
}

/** Keeps the focus where a button that had it goes: in the field, or on a phone at the messages. */
function keepFocus(): void {
  focusField();
  if (document.activeElement?.tagName !== 'TEXTAREA') document.querySelector<HTMLElement>('.log')?.focus();
}

type ComposerProps = { talk: Talk; send: (text: string) => Promise<void>; onStop: (() => void) | undefined };
const LIMIT = 16_000;

function Composer({ talk, send, onStop }: ComposerProps) {
  const { draft, wire } = talk;
  const [text, change] = useState(draft.text);
  useEffect(() => change(draft.text), [draft.turn]);
  const setText = (next: string) => {
    change(next);
    draft.keep(next);
    if (next !== '') wire.tellTyping();
  };
  const [failed, setFailed] = useState(false);
  useEffect(() => setFailed(false), [draft.who]);
  useEffect(focusField, []);
  const content = text.toWellFormed().replaceAll('\0', '').trim();
  const isTooLong = content.length > LIMIT;
  const isRight = content !== '' && !isTooLong;
  const submit = async () => {
    if (!isRight) return;
    const { who } = draft;
    setText('');
    setFailed(false);
    try {
      await send(content);
    } catch {
      // The page has named another user meanwhile, who does not see it.
      if (who !== undefined && who !== draft.who) return;
      // No account exists yet that could own the message: it goes back into the field, before what was typed since.
      draft.giveBack(content);
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
      {isTooLong && (
        <p role="status" class="danger">
          {words.long.replace('{n}', LIMIT.toLocaleString(document.documentElement.lang))}
        </p>
      )}
      {talk.isNew && <p class="consent">{words.consent}</p>}
      <div class="field">
        <textarea
          aria-label={words.message}
          placeholder={words.write}
          rows={1}
          // Nothing written has no direction: what stands for it has that of the page.
          dir={text ? 'auto' : undefined}
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
            event.preventDefault();
            void submit();
          }}
        />
        {onStop && <IconButton icon="stop" onClick={onStop} />}
        <IconButton icon="send" type="submit" class="send" disabled={!isRight} />
      </div>
    </form>
  );
}
