/** @jsxRuntime classic */
/** @jsx h */
import { h } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Unsent } from '../sdk/outbox.ts';
import type { Message } from '../sdk/types.ts';
import { Ear, isOpen } from '../shared/heard.ts';
import { speaker } from '../shared/speaker.ts';
import { type Attempt, authorOf, Bubble, endOf } from './Bubble.tsx';
import { Composer, keepFocus } from './Composer.tsx';
import { IconButton } from './IconButton.tsx';
import { Rating } from './Rating.tsx';
import type { Talk } from './talk.ts';
import { Text } from './Text.tsx';
import { moment, wish, words } from './words.ts';

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
        {unsent.map((message) => (
          <article key={message.key} class="mine" aria-label={words.you}>
            <div class="bubble" dir="auto">
              {message.content}
            </div>
            {message.refused ? (
              <p role="alert">
                {words.refused}{' '}
                <button type="button" class="link" onClick={() => talk.retry(message.key)}>
                  {words.again}
                </button>
              </p>
            ) : (
              <p>{waitOf(message, talk)}</p>
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

/** Says why a message waits, or that it is being sent. */
function waitOf({ delayed }: Unsent, { offline }: Talk): string {
  if (delayed) {
    const { problem, until } = delayed;
    const said = problem.code === 'rate_limited' ? words.later : words.delayed;
    return said.replace('{when}', moment(until));
  }
  return offline ? words.unreachable : words.sending;
}

/**
 * Tells screen readers what comes, and why messages wait, each once. The log itself is silent: it would read buttons, but no
 * answer that grew.
 */
function useSpeech(talk: Talk): void {
  const { isLoaded, messages, unsent, offline } = talk;
  const [ear] = useState(() => new Ear());
  useEffect(() => {
    const news = isLoaded ? ear.hear(messages).map(heardOf) : [];
    // What was told of a talk goes with it.
    if (news[0] || !(messages[0] || unsent[0])) say(news.join(' '));
  });
  const waiting = unsent.find(({ refused }) => !refused);
  const reason = waiting && (waiting.delayed?.problem.code ?? offline);
  useEffect(() => {
    if (waiting && reason) say(waitOf(waiting, talk));
  }, [reason]);
}

function heardOf(message: Message): string {
  if (isOpen(message.status)) return words.thinking;
  return `${authorOf(message)}: ${endOf(message) ?? message.content.replaceAll(/\*\*|`|^#+ | ?\[\d+\]/gm, '')}`;
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
