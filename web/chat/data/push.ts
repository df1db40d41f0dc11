import { Refused } from '../../sdk/http.ts';
import { forgetDevice, keepDevice } from '../../shared/device.ts';
import { base } from '../../shared/root.ts';
import { session, store } from '../../shared/session.ts';
import { worker } from './worker.ts';

/** Why this device cannot be told. `denied`: its user said no. `off`: the server has no keys. */
export class NoPush extends Error {
  readonly why: 'denied' | 'off';

  constructor(why: 'denied' | 'off') {
    super(why);
    this.why = why;
  }
}

const ROOT = `${base}/`;
const wish = () => `parley.push.${session.user?.id}`;

export function canPush(): boolean {
  return 'serviceWorker' in navigator && 'PushManager' in globalThis && 'Notification' in globalThis;
}

/** Says whether this user is told on this device. */
export async function isPushedHere(): Promise<boolean> {
  if (!canPush() || store.getItem(wish()) === null) return false;
  return (await (await worker())?.pushManager.getSubscription()) != null;
}

/** Has this device told. @throws NoPush, Refused, Unreachable */
export async function startPush(): Promise<void> {
  if ((await Notification.requestPermission()) !== 'granted') throw new NoPush('denied');
  await subscribe();
}

export async function stopPush(): Promise<void> {
  const subscription = await (await worker())?.pushManager.getSubscription();
  const endpoint = subscription?.endpoint ?? store.getItem(wish());
  store.removeItem(wish());
  await forgetDevice(ROOT);
  await subscription?.unsubscribe();
  if (endpoint) await session.call('DELETE', '/push/subscriptions', { body: { endpoint } });
}

/** Subscribes again after a new sign-in: a subscription ends with the sign-in that made it. */
export async function renewPush(): Promise<void> {
  if (!canPush() || store.getItem(wish()) === null || Notification.permission !== 'granted') return;
  await subscribe().catch(() => {});
}

async function subscribe(): Promise<void> {
  const mark = wish();
  const registration = await worker();
  if (registration === undefined) throw new NoPush('off');
  const subscription = await registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: await key(),
  });
  // Whoever is signed in by now did not ask for it.
  if (wish() !== mark) return;
  const { endpoint = '', keys } = subscription.toJSON();
  await session.call('POST', '/push/subscriptions', {
    body: { endpoint, keys: { p256dh: keys?.p256dh, auth: keys?.auth } },
  });
  store.setItem(mark, endpoint);
  await keepDevice(ROOT, { user: session.user?.id ?? 0, endpoint });
}

async function key(): Promise<string> {
  try {
    return (await session.call<{ key: string }>('GET', '/push/key')).key;
  } catch (err) {
    if (err instanceof Refused && err.code === 'not_configured') throw new NoPush('off');
    throw err;
  }
}
