import { Page } from '../../shared/Page.tsx';
import { w } from '../../words.ts';

export default function Knowledge() {
  return <Page title={w('knowledge')} />;
}
