import { Page } from '../../shared/Page.tsx';
import { w } from '../../words.ts';

export default function Webhooks() {
  return <Page title={w('webhooks')} />;
}
