import { Device } from '../../lab/kit/device.ts';
import { checkAcknowledgement, checkEvent } from './openapi.ts';

export { Device } from '../../lab/kit/device.ts';
export { deltas, newestAttempt } from '../../web/sdk/view.ts';

/**
 * Connects a socket to a replica. Throws when an event or an acknowledgement is not what /asyncapi.json says.
 * @throws the problem's code when the connection is refused
 */
export async function connectDevice(url: string, token: string): Promise<Device> {
  const device = new Device({
    url: () => url,
    token: () => token,
    heard: ({ event, data }) => checkEvent(event, data),
    acknowledged: checkAcknowledgement,
  });
  await device.opened;
  return device;
}
