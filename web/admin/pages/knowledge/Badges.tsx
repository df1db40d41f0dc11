import { Badge } from '../../shared/states.tsx';
import type { State, Status } from './data.ts';
import { k } from './words.ts';

export function StatusBadge({ status }: { status: Status }) {
  return (
    <Badge tone={status === 'published' ? 'good' : status === 'draft' ? 'plain' : 'quiet'}>{k(status)}</Badge>
  );
}

/** Says that a search by meaning does not find an FAQ yet, or any longer. */
export function EmbeddingBadge({ state }: { state: State['embedding'] | undefined }) {
  if (state === 'waiting') return <Badge>{k('notYetFound')}</Badge>;
  return state === 'failing' ? <Badge tone="bad">{k('neverFound')}</Badge> : null;
}
