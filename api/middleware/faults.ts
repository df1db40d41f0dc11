import type { ErrorObject } from 'ajv';
import type { FieldError } from '../../shared/base/errors.ts';
import { pointer } from './sane.ts';

/** A hostile body can have thousands of faults. */
const MAX_FAULTS = 20;

/** Returns what ajv found, field by field, in words. Each message begins with `must be`. */
export function presentFaults(found: ErrorObject[]): FieldError[] {
  const mistyped = new Set(found.filter(({ keyword }) => keyword === 'type').map(pathOf));
  return found
    .filter((fault) => !(isChoice(fault) && mistyped.has(pathOf(fault))))
    .slice(0, MAX_FAULTS)
    .map((fault) => ({ path: pathOf(fault), message: messageOf(fault) }));
}

/** Says whether a fault is a failed list of choices. A value of the wrong type also fails it, which counts as one fault. */
function isChoice({ keyword }: ErrorObject): boolean {
  return keyword === 'enum' || keyword === 'const';
}

function pathOf({ instancePath, params }: ErrorObject): string {
  const { missingProperty, additionalProperty } = params as Record<string, string | undefined>;
  const field = missingProperty ?? additionalProperty?.slice(0, 100);
  return field === undefined ? instancePath : pointer(instancePath, field);
}

function messageOf({ keyword, params }: ErrorObject): string {
  const limit = Number(params.limit);
  switch (keyword) {
    case 'required':
      return 'must be present';
    case 'additionalProperties':
      return 'must be left out: this field is not known';
    case 'type':
      return `must be ${[params.type].flat().map(articled).join(' or ')}`;
    case 'enum':
      return `must be one of ${(params.allowedValues as unknown[]).join(', ')}`;
    case 'const':
      return `must be ${params.allowedValue}`;
    case 'minLength':
      return `must be at least ${counted(limit, 'character')} long`;
    case 'maxLength':
      return `must be at most ${counted(limit, 'character')} long`;
    case 'minItems':
      return `must be at least ${counted(limit, 'item')} long`;
    case 'maxItems':
      return `must be at most ${counted(limit, 'item')} long`;
    case 'minProperties':
      return `must be an object with at least ${counted(limit, 'field')}`;
    case 'maxProperties':
      return `must be an object with at most ${counted(limit, 'field')}`;
    case 'minimum':
      return `must be at least ${limit}`;
    case 'maximum':
      return `must be at most ${limit}`;
    case 'uniqueItems':
      return 'must be a list without doubles';
    case 'pattern':
      return params.pattern === '\\S' ? 'must be more than white space' : `must be like ${params.pattern}`;
    case 'format':
      return `must be ${FORMATS[String(params.format)] ?? `a ${params.format}`}`;
    default:
      return 'must be valid';
  }
}

const MOMENT = 'a date and time with an offset, such as 2026-11-20T09:30:00Z';
const FORMATS: Record<string, string> = {
  'padded-email': 'an e-mail address',
  timezone: 'the name of a time zone, such as Europe/Berlin',
  moment: MOMENT,
  'date-time': MOMENT,
  'day-or-moment': `a date, or ${MOMENT}`,
  'https-url': 'an https URL',
  'one-line': 'one line, without characters that turn the direction of the text',
};

function articled(type: string): string {
  if (type === 'null') return type;
  return `${/^[aio]/.test(type) ? 'an' : 'a'} ${type}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
