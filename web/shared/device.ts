/** The user whose pushes this browser takes, and the address of its subscription. */
export type Device = { user: number; endpoint: string };

/** Only a cache is open to the page and to its service worker. No release removes this one. */
const CACHE = 'push';

/** @param root address of the chat page: each has a device of its own */
export async function keepDevice(root: string | URL, device: Device): Promise<void> {
  await (await caches.open(CACHE)).put(place(root), Response.json(device));
}

export async function forgetDevice(root: string | URL): Promise<void> {
  await (await caches.open(CACHE)).delete(place(root));
}

export async function keptDevice(root: string | URL): Promise<Device | undefined> {
  const kept = await (await caches.open(CACHE)).match(place(root));
  return kept && ((await kept.json()) as Device);
}

function place(root: string | URL): URL {
  return new URL('push-device', root);
}
