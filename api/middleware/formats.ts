import type { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { isOneLine } from '../../shared/base/oneLine.ts';

const { validate: dateTime } = addFormats.default.get('date-time') as unknown as {
  validate: (value: string) => boolean;
};
const { validate: date } = addFormats.default.get('date') as unknown as {
  validate: (value: string) => boolean;
};
const email = addFormats.default.get('email') as RegExp;

/**
 * Adds six formats. `padded-email` may have white space around it. `timezone` is a name of the IANA database. `moment` is a
 * date-time that Postgres also accepts, `day-or-moment` that or a date. `one-line` is a text that may stand in a line with
 * others.
 */
export function addOwnFormats(ajv: Ajv): Ajv {
  const isMoment = (value: string) =>
    dateTime(value) && /^(19|2\d)\d\d-\d\d-\d\d[T ]\S{8,30}(Z|[+-](0\d|1[0-4]):?\d\d)$/i.test(value);
  return ajv
    .addFormat('padded-email', (value) => email.test(value.trim()))
    .addFormat('timezone', isTimezone)
    .addFormat('moment', isMoment)
    .addFormat('day-or-moment', (value) => (/^(19|2\d)\d\d-/.test(value) && date(value)) || isMoment(value))
    .addFormat('one-line', isOneLine)
    .addFormat('https-url', (value) => URL.parse(value)?.protocol === 'https:');
}

function isTimezone(value: string): boolean {
  // Intl also accepts offsets such as +02:00, which are not names.
  if (!/^[A-Za-z]/.test(value)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: value }).format();
    return true;
  } catch {
    return false;
  }
}
