import { saveSubscription } from '../../db/models/pushSubscription.ts';
import { env } from '../base/env.ts';
import { invalid, problem } from '../base/errors.ts';
import { pushIsConfigured } from '../ops/mailSettings.ts';
import { faultOfUrl } from '../ops/outbound.ts';
import { isPushService } from './pushServices.ts';
import { areKeys, type Device } from './webPush.ts';

/** Returns the key by which browsers know who pushes. @throws Problem `not_configured` */
export function pushKey(): string {
  if (!pushIsConfigured()) throw problem('not_configured', 'VAPID_PUBLIC_KEY is not set');
  return env.VAPID_PUBLIC_KEY;
}

/**
 * Keeps where a device takes pushes.
 * @throws Problem `not_configured`; `validation_failed` for an address that is not public HTTPS of a push service, or keys of another kind
 */
export async function subscribe(
  { userId, sid }: { userId: number; sid: number },
  device: Device,
): Promise<void> {
  pushKey();
  const fault = faultOfService(device.endpoint) ?? (await faultOfUrl(device.endpoint));
  if (fault !== null) throw invalid('/endpoint', fault);
  if (!areKeys(device)) throw invalid('/keys', 'must be a point of P-256 and 16 bytes, in base64url');
  await saveSubscription(userId, sid, device);
}

function faultOfService(endpoint: string): string | null {
  if (!isPushService(endpoint)) return 'must be the address of a push service of browsers (PUSH_SERVICES)';
  return endpoint.startsWith('https:') || env.WEBHOOK_ALLOW_PRIVATE ? null : 'must be an https URL';
}
