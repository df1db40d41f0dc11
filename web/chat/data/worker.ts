import { rootPath } from '../../shared/root.ts';
import { notice } from '../../shared/toasts.tsx';
import { t } from '../../shared/words.ts';

type Policy = { createScriptURL: (url: string) => unknown };
type WithPolicies = { trustedTypes?: { createPolicy: (name: string, rules: object) => Policy } };

/** Where this page's worker is. The page's policy allows no other address to become a script. */
function address(): string {
  const url = `${rootPath}/sw.js`;
  const { trustedTypes } = globalThis as WithPolicies;
  const policy = trustedTypes?.createPolicy('parley', { createScriptURL: () => url });
  return (policy?.createScriptURL(url) ?? url) as string;
}

let registered: Promise<ServiceWorkerRegistration | undefined> | undefined;

/** Registers the service worker, once. Returns undefined where the browser has none. */
export function worker(): Promise<ServiceWorkerRegistration | undefined> {
  registered ??= register();
  return registered;
}

async function register(): Promise<ServiceWorkerRegistration | undefined> {
  if (!('serviceWorker' in navigator)) return undefined;
  try {
    await navigator.serviceWorker.register(address(), { scope: `${rootPath}/`, updateViaCache: 'none' });
    return await navigator.serviceWorker.ready;
  } catch {
    // A private window, or a page that is not on HTTPS.
    return undefined;
  }
}

const LOOK_EVERY_MS = 3_600_000;

/** Keeps the worker current, and offers the new page when a release has come. Drafts and unsent messages survive that. */
export function keepCurrent(): void {
  if (!('serviceWorker' in navigator)) return;
  let controlled = navigator.serviceWorker.controller !== null;
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    // The first worker brings no other page.
    if (controlled) notice(t('app.newer'), { label: t('app.reload'), run: () => location.reload() });
    controlled = true;
  });
  void worker();
  const look = () => void worker().then((registration) => registration?.update().catch(() => {}));
  setInterval(look, LOOK_EVERY_MS);
  addEventListener('online', look);
}

/** Calls `go` with a path where a notification leads to. Returns a function that ends this. */
export function onOpened(go: (path: string) => void): () => void {
  if (!('serviceWorker' in navigator)) return () => {};
  const listener = ({ data }: MessageEvent<{ parley?: string; path?: string }>) => {
    if (data?.parley === 'open' && data.path) go(data.path);
  };
  navigator.serviceWorker.addEventListener('message', listener);
  return () => navigator.serviceWorker.removeEventListener('message', listener);
}
