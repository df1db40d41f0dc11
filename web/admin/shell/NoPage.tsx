import { Link } from 'react-router';
import { Page } from '../shared/Page.tsx';
import { EmptyState } from '../shared/states.tsx';
import { w } from '../words.ts';

export function NoPage() {
  return (
    <Page title={w('noPage')}>
      <EmptyState title={w('noPageWhy')}>
        <Link className="py-2 text-accent underline underline-offset-2" to="/">
          {w('toStart')}
        </Link>
      </EmptyState>
    </Page>
  );
}
