import type { Ajv } from 'ajv';
import addFormats from 'ajv-formats';

const email = addFormats.default.get('email') as RegExp;

/** Adds `padded-email` (white space around it is forgiven), `timezone` (a name of the IANA base) and `https-url`. */
export function addOwnFormats(ajv: Ajv): Ajv {
  return ajv
    .addFormat('padded-email', (value) => email.test(value.trim()))
    .addFormat('timezone', isTimezone)
    .addFormat('https-url', (value) => URL.parse(value)?.protocol === 'https:');
}

function isTimezone(value: string): boolean {
  // Intl also takes offsets such as +02:00, which are no names.
  if (!/^[A-Za-z]/.test(value)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: value }).format();
    return true;
  } catch {
    return false;
  }
}
