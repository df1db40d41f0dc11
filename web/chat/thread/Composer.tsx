import { type KeyboardEvent, type Ref, useImperativeHandle, useLayoutEffect, useRef, useState } from 'react';
import { IconButton } from '../../shared/controls.tsx';
import { t } from '../../shared/words.ts';
import { draft, keepDraft } from '../data/drafts.ts';
import { focusTalk } from './focus.ts';

export type ComposerHandle = { write: (text: string) => void };
type Props = {
  ref: Ref<ComposerHandle>;
  /** Where the draft belongs. */
  place: string;
  onSend: (content: string) => void;
  onTyping: () => void;
  /** Stops the growing answer; undefined where no answer grows. */
  onStop: (() => void) | undefined;
  /** Changes the last question. */
  onEditLast: () => void;
};

/** As many code points as the server takes. */
export const LIMIT = 16_000;
const SHOW_LEFT = 1_000;
const TYPING_EVERY_MS = 3_000;

/** The field for a message. Enter sends it, Shift+Enter breaks the line; the draft is kept. */
export function Composer({ ref, place, onSend, onTyping, onStop, onEditLast }: Props) {
  const [text, setText] = useState(() => draft(place));
  const field = useRef<HTMLTextAreaElement>(null);
  const told = useRef(0);
  const count = text.length < LIMIT - SHOW_LEFT ? text.length : [...text].length;
  const left = LIMIT - count;

  const change = (next: string) => {
    setText(next);
    keepDraft(place, next);
  };
  useImperativeHandle(ref, () => ({
    write: (next) => {
      // Keeps the text that the user has begun.
      change(text === '' ? next : `${next}\n${text}`);
      field.current?.focus();
    },
  }));
  useLayoutEffect(() => grow(field.current), [text]);
  // The keyboard of a phone stays away until it is wanted.
  useLayoutEffect(() => {
    if (matchMedia('(pointer: fine)').matches) field.current?.focus();
  }, []);

  const send = () => {
    const content = cleaned(text);
    if (content === '' || left < 0) return;
    onSend(content);
    change('');
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // While an input method composes, Enter accepts its word.
    const composing = event.nativeEvent.isComposing || event.keyCode === 229;
    if (composing) return;
    if (event.key === 'Escape' && !event.shiftKey && onStop) onStop();
    if (event.key === 'ArrowUp' && text === '') {
      event.preventDefault();
      onEditLast();
    }
    if (event.key !== 'Enter' || event.shiftKey) return;
    event.preventDefault();
    send();
  };
  const onChange = (next: string) => {
    change(next);
    if (Date.now() - told.current < TYPING_EVERY_MS) return;
    told.current = Date.now();
    onTyping();
  };
  return (
    <form
      className="mx-auto w-full max-w-[50rem] px-4 pt-1 pb-[max(1rem,env(safe-area-inset-bottom))]"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div className="flex items-end gap-1 rounded-2xl border border-edge bg-paper p-1.5 ps-4 focus-within:border-accent">
        <textarea
          ref={field}
          id="message"
          aria-label={t('write.message')}
          aria-invalid={left < 0}
          aria-describedby={left < 0 ? 'message-left' : undefined}
          placeholder={t('write.placeholder')}
          rows={1}
          // Nothing written has no direction: what stands for it has that of the page.
          dir={text === '' ? undefined : 'auto'}
          enterKeyHint="send"
          value={text}
          onChange={({ target }) => onChange(target.value)}
          onKeyDown={onKeyDown}
          className="max-h-[40dvh] min-h-11 min-w-0 flex-1 resize-none bg-transparent py-2.5 text-base outline-none"
        />
        {onStop && (
          <IconButton
            icon="stop"
            label={t('write.stop')}
            onClick={() => {
              onStop();
              focusTalk();
            }}
          />
        )}
        <IconButton
          icon="send"
          label={t('write.send')}
          type="submit"
          kind="main"
          disabled={cleaned(text) === '' || left < 0}
        />
      </div>
      <p
        id="message-left"
        role="status"
        className={
          left < SHOW_LEFT ? `px-4 pt-1 text-sm ${left < 0 ? 'text-danger' : 'text-muted'}` : 'sr-only'
        }
      >
        {left < 0 ? t('write.over', { n: -left }) : left < SHOW_LEFT && t('write.left', { n: left })}
      </p>
    </form>
  );
}

/** Makes the field as high as its text. */
function grow(field: HTMLTextAreaElement | null): void {
  if (field === null) return;
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight}px`;
}

/** Drops what the server refuses: half characters, NUL, and white space around the text. */
export function cleaned(text: string): string {
  return text.toWellFormed().replaceAll('\0', '').trim();
}
