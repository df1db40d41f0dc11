import { Page } from '../../shared/Page.tsx';
import { w } from '../../words.ts';

export default function Suggestions() {
  return <Page title={w('suggestions')} />;
}
