import { LinkButton } from '../../shared/LinkButton.tsx';
import { EmptyState } from '../../shared/states.tsx';
import { a } from './words.ts';

/** Says that there is nothing to compare yet, and leads to where a second version is made. */
export function OneVersion({ id }: { id: number }) {
  return (
    <EmptyState title={a('oneVersion')}>
      <LinkButton to={`/assistants/${id}`}>{a('edit')}</LinkButton>
    </EmptyState>
  );
}
