import { type ReactNode, useState } from 'react';
import { Alert, Button, Field } from '../../shared/controls.tsx';
import { Dialog } from '../../shared/Dialog.tsx';
import { t } from '../../shared/words.ts';
import { w } from '../words.ts';
import { useAct } from './useAct.ts';

/**
 * Asks before an act that cannot be undone: says what it will do, and has its name typed.
 * @param word what must be typed; without it a press of the button is enough
 * @param labels of further fields, by the names that the API gives them
 * @param children what the act will do, and further fields
 */
export function Confirm({
  title,
  act,
  word,
  ready = true,
  labels = {},
  onConfirm,
  onClose,
  children,
}: {
  title: string;
  act: string;
  word?: string;
  ready?: boolean;
  labels?: Record<string, string>;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
  children: ReactNode;
}) {
  const [typed, setTyped] = useState('');
  const { busy, refused, act: run } = useAct(labels);
  const confirm = () =>
    run(async () => {
      await onConfirm();
      onClose();
    });
  const may = ready && (word === undefined || typed.trim() === word);
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (may && !busy) void confirm();
        }}
      >
        {children}
        {word !== undefined && (
          <Field
            label={w('typeToConfirm', { word })}
            value={typed}
            onChange={({ target }) => setTyped(target.value)}
            autoComplete="off"
            spellCheck={false}
          />
        )}
        <Alert>{refused}</Alert>
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>{t('app.cancel')}</Button>
          <Button kind="danger" type="submit" disabled={!may || busy}>
            {act}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
