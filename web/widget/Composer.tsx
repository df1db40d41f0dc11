/** @jsxRuntime classic */
/** @jsx h */
import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { IconButton } from './IconButton.tsx';
import type { Talk } from './talk.ts';
import { words } from './words.ts';

type ComposerProps = { talk: Talk; send: (text: string) => Promise<void>; onStop: (() => void) | undefined };
const LIMIT = 16_000;

export function Composer({ talk, send, onStop }: ComposerProps) {
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

/** Puts the cursor into the field. The keyboard of a phone stays away until it is wanted. */
export function focusField(): void {
  if (matchMedia('(pointer: fine)').matches) document.querySelector('textarea')?.focus();
}

/** Keeps the focus where a button that had it goes: in the field, or on a phone at the messages. */
export function keepFocus(): void {
  focusField();
  if (document.activeElement?.tagName !== 'TEXTAREA') document.querySelector<HTMLElement>('.log')?.focus();
}
