import { Page } from '../../shared/Page.tsx';
import { w } from '../../words.ts';

export default function Dashboard() {
  return <Page title={w('dashboard')} />;
}
