import { Page } from '../../shared/Page.tsx';
import { w } from '../../words.ts';

export default function Inbox() {
  return <Page title={w('inbox')} />;
}
