import { Link } from 'react-router';
import { Page } from '../shared/Page.tsx';
import { w } from '../words.ts';

export function NoPage() {
  return (
    <Page title={w('noPage')}>
      <p className="text-muted">{w('noPageWhy')}</p>
      <Link className="w-fit py-2 text-accent underline underline-offset-2" to="/">
        {w('toStart')}
      </Link>
    </Page>
  );
}
