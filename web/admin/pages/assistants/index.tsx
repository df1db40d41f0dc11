import { Page } from '../../shared/Page.tsx';
import { w } from '../../words.ts';

export default function Assistants() {
  return <Page title={w('assistants')} />;
}
