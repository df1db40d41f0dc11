import { Page } from '../../shared/Page.tsx';
import { w } from '../../words.ts';

export default function Audit() {
  return <Page title={w('audit')} />;
}
