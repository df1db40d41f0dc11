import { Page } from '../../shared/Page.tsx';
import { w } from '../../words.ts';

export default function Users() {
  return <Page title={w('users')} />;
}
