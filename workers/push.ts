import { deliverPush } from '../shared/notifications/deliver.ts';
import { inLanes } from './lanes.ts';
import type { Handler } from './work.ts';

/** Notifications of one user that are pushed side by side. */
const LANES = 3;

/** Pushes what is due to a user's devices. Devices that hang delay only their own user. */
export const push: Handler<'push'> = ({ data: { user_id } }) => inLanes(LANES, () => deliverPush(user_id));
