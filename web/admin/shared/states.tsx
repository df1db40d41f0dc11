import type { ReactNode } from 'react';
import { Button } from '../../shared/controls.tsx';
export { Loading } from '../../shared/enter/Beginning.tsx';
import { Icon } from '../../shared/Icon.tsx';
import { percent } from '../../shared/words.ts';
import { reason } from '../data/api.ts';
import { w } from '../words.ts';

/** Says that there is nothing here yet, and what to do about it. */
export function EmptyState({
  title,
  text,
  children,
}: {
  title: string;
  text?: string;
  children?: ReactNode;
}) {
  return (
    <div className="grid justify-items-center gap-3 rounded-2xl border border-dashed border-line px-6 py-12 text-center">
      <p className="font-medium">{title}</p>
      {text !== undefined && <p className="max-w-prose text-sm text-muted">{text}</p>}
      {children}
    </div>
  );
}

/** Says why something could not be loaded, and tries again. */
export function ErrorState({ error, again }: { error: unknown; again?: () => unknown }) {
  return (
    <div role="alert" className="grid justify-items-center gap-3 rounded-2xl bg-soft px-6 py-8 text-center">
      <p className="flex items-center gap-2 font-medium text-danger">
        <Icon name="warning" /> {w('failedTitle')}
      </p>
      <p className="max-w-prose text-sm">{reason(error)}</p>
      {again && <Button onClick={() => void again()}>{w('retry')}</Button>}
    </div>
  );
}

/** Shows how far long work is. Without a number, that it goes on. @param value 0 … 1 */
export function Progress({ label, value }: { label: string; value?: number | undefined }) {
  return (
    <label className="grid gap-1.5 text-sm">
      <span className="flex justify-between gap-4">
        <span>{label}</span>
        {value !== undefined && <span className="tabular-nums">{percent(value)}</span>}
      </span>
      <progress className="h-2 w-full accent-accent" {...(value !== undefined && { value })} max={1} />
    </label>
  );
}

const TONES = {
  plain: 'bg-raised text-ink',
  good: 'bg-raised text-accent',
  bad: 'bg-soft text-danger',
  quiet: 'border border-line text-muted',
};

/** A short word about a row. */
export function Badge({ tone = 'plain', children }: { tone?: keyof typeof TONES; children: ReactNode }) {
  return (
    <span
      className={`inline-flex items-center rounded-md px-2 py-0.5 text-xs font-medium whitespace-nowrap ${TONES[tone]}`}
    >
      {children}
    </span>
  );
}
