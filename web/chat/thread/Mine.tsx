import { memo, type ReactNode } from 'react';
import { IconButton } from '../../shared/controls.tsx';
import { t } from '../../shared/words.ts';

type Props = { text: string; onEdit?: ((text: string) => void) | undefined; children?: ReactNode };

/** A message of the user. */
export const Mine = memo(({ text, onEdit, children }: Props) => (
  <article aria-label={t('talk.you')} className="group grid justify-items-end gap-1">
    <div
      className="max-w-[85%] rounded-2xl rounded-ee-md bg-raised px-4 py-2.5 whitespace-pre-wrap wrap-anywhere"
      dir="auto"
    >
      {text}
    </div>
    {onEdit && <IconButton small icon="pencil" label={t('mine.edit')} onClick={() => onEdit(text)} />}
    {children}
  </article>
));
