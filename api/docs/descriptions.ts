import { authDescriptions } from '../auth/description.ts';
import { webSocketDescriptions } from '../websocket/description.ts';
import type { Descriptions } from './describe.ts';

/** Routes whose contracts are still to come. */
export const descriptions: Descriptions = { ...authDescriptions, ...webSocketDescriptions };
