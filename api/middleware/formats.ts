import type { Ajv, ValidateFunction } from 'ajv';
import { isOneLine } from '../../shared/base/oneLine.ts';

/**
 * Adds six formats. `padded-email` may have white space around it. `timezone` is a name of the IANA database. `moment` is a
 * date-time that Postgres also accepts, `day-or-moment` that or a date. `one-line` is a text without line breaks and
 * characters that turn its direction. `https-url` is an address of that scheme.
 */
export function addOwnFormats(ajv: Ajv): Ajv {
  const [dateTime, date, email] = [checkOf(ajv, 'date-time'), checkOf(ajv, 'date'), checkOf(ajv, 'email')];
  const isMoment = (value: string) =>
    dateTime(value) && /^(19|2\d)\d\d-\d\d-\d\d[T ]\S{8,30}(Z|[+-](0\d|1[0-4]):?\d\d)$/i.test(value);
  return ajv
    .addFormat('padded-email', (value) => email(value.trim()))
    .addFormat('timezone', isTimezone)
    .addFormat('moment', isMoment)
    .addFormat('day-or-moment', (value) => (/^(19|2\d)\d\d-/.test(value) && date(value)) || isMoment(value))
    .addFormat('one-line', isOneLine)
    .addFormat('https-url', (value) => URL.parse(value)?.protocol === 'https:');
}

/** Returns the check of a format that a compiler knows. Compiles it at its first use. */
function checkOf(ajv: Ajv, format: string): (value: string) => boolean {
  let fits: ValidateFunction | undefined;
  return (value) => (fits ??= ajv.compile({ type: 'string', format }))(value);
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
