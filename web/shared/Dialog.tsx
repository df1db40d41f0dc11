import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';
import { IconButton } from './controls.tsx';
import { leave, useUnsavedDialog } from './unsaved.ts';
import { t } from './words.ts';

/**
 * A modal dialog of the browser. It holds the focus, closes with Escape and gives the focus back. Closing asks before a text is
 * lost.
 * @param writes whether the cursor is put into its first field
 */
export function Dialog({
  title,
  onClose,
  writes = false,
  children,
}: {
  title: string;
  onClose: () => void;
  writes?: boolean;
  children: ReactNode;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  const holds = useUnsavedDialog(ref);
  const close = () => leave(onClose, holds);
  // Closed while it is still in the page: one that is only removed gives no focus back.
  useLayoutEffect(() => {
    const dialog = ref.current;
    const from = document.activeElement;
    dialog?.showModal();
    if (writes) dialog?.querySelector<HTMLElement>('input, textarea')?.focus();
    return () => {
      dialog?.close();
      // A dialog above this one went at the same time, and had nothing to give the focus back to.
      setTimeout(() => {
        if (document.activeElement === document.body && from instanceof HTMLElement) from.focus();
      });
    };
  }, []);
  return (
    // A click beside the dialog is a click on its backdrop; the keyboard has Escape.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={ref}
      aria-labelledby={id}
      onClose={onClose}
      onCancel={(event) => {
        if (event.target !== ref.current || !holds()) return;
        event.preventDefault();
        close();
      }}
      onClick={(event) => event.target === ref.current && close()}
      className="max-h-[85dvh] w-[min(36rem,calc(100vw-2rem))] overflow-y-auto rounded-2xl border border-line bg-paper p-0 shadow-xl"
    >
      <div className="grid gap-4 p-5">
        <div className="flex items-start justify-between gap-3">
          <h2 id={id} className="min-w-0 pt-2 text-lg font-semibold wrap-anywhere">
            {title}
          </h2>
          <IconButton icon="close" label={t('app.close')} onClick={close} />
        </div>
        {children}
      </div>
    </dialog>
  );
}
