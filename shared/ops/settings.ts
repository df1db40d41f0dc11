import { readings } from '../base/env.ts';

export type Setting = { name: string; value: string | null; source: 'environment' | 'default' };

/** Names of variables that may hold a secret, or an address with one. What is set there is never shown. */
const SECRET =
  /(_KEY|_KEYS|_SECRET|_TOKEN|_PASSWORD|_URL|_URI|_HEADERS|_QUERY|_DIR|_ENDPOINT|_AUTH|_PRICES)$/;
/** Addresses in which the environment allows neither a user nor a password. */
const PLAIN = ['PUBLIC_URL'];
const LONGEST = 300;

/** Returns the variables that this process has read, by name. `value` is null where one is set that must not be shown. */
export function settingsInForce(): Setting[] {
  return [...readings]
    .map(([name, { value, source }]) => ({
      name,
      source,
      value: mayShow(name, value, source) ? value : null,
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function mayShow(name: string, value: string, source: Setting['source']): boolean {
  if (source === 'default' || PLAIN.includes(name)) return true;
  return !SECRET.test(name) && value.length <= LONGEST && !/:\/\/[^/]*@/.test(value);
}
