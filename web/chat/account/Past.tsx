import type { ReactNode } from 'react';
import { dateTime } from '../../shared/words.ts';

type PastProps = {
  title: string;
  /** Newest first. */
  lines: { id: number; at: string; what: ReactNode }[];
  /** Shown above the lines. */
  children?: ReactNode;
  onToggle?: (open: boolean) => void;
};

/** What happened, and when; shown when it is opened. */
export function Past({ title, lines, children, onToggle }: PastProps) {
  return (
    <details
      className="rounded-xl border border-line px-4 py-2"
      onToggle={({ currentTarget }) => onToggle?.(currentTarget.open)}
    >
      <summary className="min-h-9 cursor-pointer py-1.5 text-sm font-medium">{title}</summary>
      {children}
      <ul className="grid gap-1 pb-2 text-sm">
        {lines.map(({ id, at, what }) => (
          <li key={id} className="flex flex-wrap justify-between gap-x-4">
            <span>{what}</span>
            <time dateTime={at} className="text-muted">
              {dateTime(at)}
            </time>
          </li>
        ))}
      </ul>
    </details>
  );
}
