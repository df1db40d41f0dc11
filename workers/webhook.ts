import { deliverNext } from '../shared/webhooks/deliver.ts';
import { inLanes } from './lanes.ts';
import type { Handler } from './work.ts';

/** Requests at once to one endpoint. */
const LANES = 5;

/** Sends what is due to an endpoint. A slow endpoint delays only its own events. */
export const webhook: Handler<'webhook'> = ({ data: { webhook_id } }) =>
  inLanes(LANES, () => deliverNext(webhook_id));
