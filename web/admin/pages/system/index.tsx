import { Page } from '../../shared/Page.tsx';
import { w } from '../../words.ts';

export default function System() {
  return <Page title={w('system')} />;
}
