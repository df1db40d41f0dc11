import { Badge } from '../../shared/states.tsx';
import type { Status } from './data.ts';
import { k } from './words.ts';

export function StatusBadge({ status }: { status: Status }) {
  return (
    <Badge tone={status === 'published' ? 'good' : status === 'draft' ? 'plain' : 'quiet'}>{k(status)}</Badge>
  );
}
