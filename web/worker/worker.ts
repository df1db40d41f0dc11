/**
 * The service worker of the chat page: keeps the page for when there is no network, and shows what is pushed. It never keeps
 * an answer of the API. Messages that wait are the page's own business: they lie in its outbox.
 */
import { keepDevice, keptDevice } from '../shared/device.ts';

declare const self: ServiceWorkerGlobalScope;
/** What the chat page is made of. The build fills it in, so that each release is another worker. */
declare const PARTS: string[];
declare const RELEASE: string;

const CACHE = `parley-${RELEASE}`;
/** A page that was opened before a release may still ask for parts of the one before. */
const KEPT_RELEASES = 2;
const WITHIN_MS = 5_000;
const ASK_MS = 30_000;
/** The encoding that a part came in does not matter any more. */
const ANY = { ignoreVary: true };
const PAGES = /^(c\/\d+|account|register|forgot-password|)$/;

const scope = new URL(self.registration.scope);
const shell = scope.href;

self.addEventListener('install', (event) => {
  event.waitUntil(keep());
});

self.addEventListener('activate', (event) => {
  event.waitUntil(take());
});

async function keep(): Promise<void> {
  const cache = await caches.open(CACHE);
  // Bypasses the browser's own cache, which may hold the page of the release before.
  const requests = ['', ...PARTS].map((part) => new Request(new URL(part, scope), { cache: 'no-cache' }));
  await cache.addAll(requests);
  // Parts have names of their own for each content, so that pages of two releases can share one worker.
  await self.skipWaiting();
}

async function take(): Promise<void> {
  const names = (await caches.keys()).filter((name) => name.startsWith('parley-') && name !== CACHE);
  const old = names.slice(0, Math.max(0, names.length - (KEPT_RELEASES - 1)));
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname))
    return;
  const path = url.pathname.slice(scope.pathname.length);
  if (request.mode === 'navigate') {
    if (PAGES.test(path)) event.respondWith(page(request));
  } else if (path.startsWith('assets/')) event.respondWith(part(request));
  else if (PARTS.includes(path)) event.respondWith(fetch(request).catch(() => kept(request)));
});

/** Gets the page from the server; without one, or when it takes too long, the page as it was kept. */
async function page(request: Request): Promise<Response> {
  const asked = fetch(request);
  // It may fail when the kept page was shown long ago.
  asked.catch(() => {});
  const late = new Promise<undefined>((over) => setTimeout(() => over(undefined), WITHIN_MS));
  const answer = await Promise.race([asked, late]).catch(() => undefined);
  // A server that restarts behind a proxy answers 502.
  if (answer && answer.status < 500) return answer;
  return (await caches.match(shell, ANY)) ?? answer ?? asked;
}

/** A part never changes: what is kept is right. */
async function part(request: Request): Promise<Response> {
  return (await caches.match(request, ANY)) ?? fetch(request);
}

async function kept(request: Request): Promise<Response> {
  return (await caches.match(request, ANY)) ?? Response.error();
}

type Pushed = { id?: number; title?: string; body?: string; url?: string; conversation_id?: number | null };

self.addEventListener('push', (event) => {
  event.waitUntil(show(read(event.data)));
});

function read(data: PushMessageData | null): Pushed {
  try {
    return (data?.json() ?? {}) as Pushed;
  } catch {
    return {};
  }
}

async function show({ id, title, body, url, conversation_id }: Pushed): Promise<void> {
  const place = conversation_id ? new URL(`c/${conversation_id}`, scope).href : within(url);
  // Browsers demand that each push is shown. One of the same talk takes the place of the last.
  await self.registration.showNotification(title || 'Parley', {
    body: body ?? '',
    tag: conversation_id ? `c${conversation_id}` : `n${id ?? 0}`,
    icon: new URL('icon-192.png', scope).href,
    badge: new URL('icon-192.png', scope).href,
    data: place,
  });
}

/** Returns an address of this site; the chat page for any other. */
function within(url: string | undefined): string {
  try {
    const there = new URL(url ?? '', scope);
    return there.origin === scope.origin && there.pathname.startsWith(scope.pathname) ? there.href : shell;
  } catch {
    return shell;
  }
}

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(within(String(event.notification.data ?? ''))));
});

/** Shows a place in a page that is open, without loading it anew; else in a new one. */
async function open(place: string): Promise<void> {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const ours = pages.filter(({ url }) => isChat(url));
  const page =
    ours.find(({ url }) => url === place) ??
    ours.find(({ visibilityState }) => visibilityState === 'visible') ??
    ours[0];
  if (page === undefined || !isChat(place)) return void (await self.clients.openWindow(place));
  page.postMessage({ parley: 'open', path: `/${place.slice(scope.href.length)}` });
  await page.focus();
}

function isChat(url: string): boolean {
  return url.startsWith(scope.href) && PAGES.test(new URL(url).pathname.slice(scope.pathname.length));
}

/** Browsers end a subscription now and then. No page may be open to make another one. */
self.addEventListener('pushsubscriptionchange', (event) => {
  event.waitUntil(renew(event));
});

/**
 * Subscribes anew and tells the server, for the user whom this browser tells. Does nothing where nobody is told, or another user
 * is signed in by now. Some browsers name neither subscription.
 */
async function renew({ newSubscription }: PushSubscriptionChangeEvent): Promise<void> {
  const device = await keptDevice(scope);
  const signIn = device && (await refreshed());
  if (signIn === undefined || signIn.user.id !== device?.user) return;
  const call = (method: string, path: string, body?: object) =>
    ask(path, method, body, `Bearer ${signIn.access_token}`);
  const made = newSubscription ?? (await subscribed(await call('GET', 'push/key')));
  if (made === undefined) return;
  const { endpoint = '', keys } = made.toJSON();
  const body = { endpoint, keys: { p256dh: keys?.p256dh, auth: keys?.auth } };
  if (!(await call('POST', 'push/subscriptions', body)).ok) return;
  await keepDevice(scope, { ...device, endpoint });
  if (device.endpoint !== endpoint) await call('DELETE', 'push/subscriptions', { endpoint: device.endpoint });
}

/** @param answer the server's key, if it has one */
async function subscribed(answer: Response): Promise<PushSubscription | undefined> {
  if (!answer.ok) return undefined;
  const { key } = (await answer.json()) as { key: string };
  return self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

type SignIn = { access_token: string; user: { id: number } };

/** Refreshes the sign-in in the cookie; undefined without one. No page refreshes meanwhile. */
async function refreshed(): Promise<SignIn | undefined> {
  const answer = await navigator.locks.request('parley.refresh', () => ask('auth/refresh', 'POST', {}));
  return answer.ok ? ((await answer.json()) as SignIn) : undefined;
}

function ask(path: string, method: string, body?: object, authorization?: string): Promise<Response> {
  return fetch(new URL(`api/v1/${path}`, scope), {
    method,
    // Pages wait for the refresh of a worker.
    signal: AbortSignal.timeout(ASK_MS),
    ...(body && { body: JSON.stringify(body) }),
    headers: {
      'content-type': 'application/json',
      'x-session': 'cookie',
      ...(authorization && { authorization }),
    },
  });
}
