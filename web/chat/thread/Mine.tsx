import { memo, type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { Button, IconButton } from '../../shared/controls.tsx';
import { t } from '../../shared/words.ts';
import { leave, useUnsaved } from '../../shared/unsaved.ts';
import { cleaned, LIMIT } from './Composer.tsx';

type Props = {
  text: string;
  /** Sends another question in place of this one. */
  onResend?: ((text: string) => void) | undefined;
  children?: ReactNode;
};

/** A message of the user. The last one can be changed in its place and sent again; the draft below is left alone. */
export const Mine = memo(({ text, onResend, children }: Props) => {
  const [editing, setEditing] = useState(false);
  if (editing && onResend) return <Edit text={text} onSend={onResend} onClose={() => setEditing(false)} />;
  return (
    <article aria-label={t('talk.you')} className="group grid justify-items-end gap-1">
      {/* The question is read before its button, which is seen before it. */}
      <div className="flex max-w-[85%] flex-row-reverse items-center gap-1">
        <div
          className="min-w-0 rounded-2xl rounded-ee-md bg-raised px-4 py-2.5 whitespace-pre-wrap wrap-anywhere"
          dir="auto"
        >
          {text}
        </div>
        {onResend && (
          <IconButton
            small
            icon="pencil"
            label={t('mine.edit')}
            data-edit-last
            className="transition-opacity focus-visible:opacity-100 pointer-fine:opacity-0 pointer-fine:group-hover:opacity-100"
            onClick={() => setEditing(true)}
          />
        )}
      </div>
      {children}
    </article>
  );
});

type EditProps = { text: string; onSend: (text: string) => void; onClose: () => void };

function Edit({ text, onSend, onClose }: EditProps) {
  const [next, setNext] = useState(text);
  const field = useRef<HTMLTextAreaElement>(null);
  useUnsaved(next !== text);
  useEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(text.length, text.length);
  }, [text]);
  const content = cleaned(next);
  const isRight = content !== '' && [...content].length <= LIMIT;
  const close = () => {
    onClose();
    // The field takes no focus while the dialog that asked is above it.
    setTimeout(() => document.getElementById('message')?.focus());
  };
  const send = () => {
    if (!isRight) return;
    onSend(content);
    close();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (event.key === 'Escape') {
      // The dialog that asks would be closed by the same key.
      event.preventDefault();
      leave(close, () => next !== text);
    }
    if (event.key !== 'Enter' || event.shiftKey) return;
    event.preventDefault();
    send();
  };
  return (
    <article aria-label={t('talk.you')} className="grid scroll-mb-16 gap-2 rounded-2xl bg-raised p-3">
      <textarea
        ref={field}
        aria-label={t('mine.edit')}
        rows={3}
        dir="auto"
        value={next}
        onChange={({ target }) => setNext(target.value)}
        onKeyDown={onKeyDown}
        className="max-h-[40dvh] w-full resize-none rounded-xl border border-edge bg-paper px-3 py-2 field-sizing-content"
      />
      <div className="flex flex-wrap justify-end gap-2">
        <Button kind="quiet" onClick={close}>
          {t('app.cancel')}
        </Button>
        <Button kind="main" disabled={!isRight} onClick={send}>
          {t('mine.resend')}
        </Button>
      </div>
    </article>
  );
}
