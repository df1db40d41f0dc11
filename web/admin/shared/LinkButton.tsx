import type { ReactNode } from 'react';
import { Link } from 'react-router';

const KINDS = {
  main: 'bg-accent text-on-accent hover:opacity-90',
  plain: 'border border-edge hover:bg-raised',
  quiet: 'text-muted hover:bg-raised hover:text-ink',
};

/** A link within the panel that looks like a button. */
export function LinkButton({
  to,
  kind = 'plain',
  children,
}: {
  to: string;
  kind?: keyof typeof KINDS;
  children: ReactNode;
}) {
  return (
    <Link
      to={to}
      className={`inline-flex min-h-(--control) text-(length:--control-text) items-center justify-center gap-2 rounded-(--round) px-4 font-medium transition-colors ${KINDS[kind]}`}
    >
      {children}
    </Link>
  );
}
