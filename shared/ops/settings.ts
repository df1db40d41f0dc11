import { readings } from '../base/env.ts';

export type Setting = { name: string; value: string | null; source: 'environment' | 'default' };

/** Names of variables that may hold a secret, or an address with one. What is set there is never shown. */
const SECRET = /(KEYS?|SECRET|TOKEN|PASSWORD|PASSPHRASE|URL|URI|HEADERS|QUERY|ENDPOINT|AUTH)$/;
/** Values that cannot be a secret, whatever the name of their variable. */
const HARMLESS = /^(-?\d+(\.\d+)?|on|off|true|false)$/;
/** Further variables whose values are shown, by the ends of their names. A variable that nobody thought of is not. */
const SHOWN =
  /(^HOST|^PROVIDERS|^LOG_LEVEL|^OFFICE_HOURS|^OFFICE_TIMEZONE|^MAIL_FROM|_MODEL|_FALLBACK|_ORDER|_CHECK|_ORIGINS|_KIND|_2FA|_ROLE|_EFFORT)$/;
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
  if (SECRET.test(name) || value.length > LONGEST) return false;
  return HARMLESS.test(value) || SHOWN.test(name);
}
