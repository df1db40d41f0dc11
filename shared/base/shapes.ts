/**
 * Shapes of small values: each says whether a value has a type. Every worker checks its jobs with them. A library of schemas
 * would take 12 MiB of each process at rest; the API, which needs more, has one.
 */
export type Shape<T> = { fits: (value: unknown) => value is T };
export type AnyShape = { fits: (value: unknown) => boolean };
/** The type of the values that have a shape. */
export type Of<S> = S extends Shape<infer T> ? T : never;

const shape = <T>(fits: (value: unknown) => boolean): Shape<T> => ({ fits: fits as Shape<T>['fits'] });

export const integer = shape<number>(Number.isSafeInteger);
export const boolean = shape<boolean>((value) => typeof value === 'boolean');

/** @param longest characters at most */
export function string(longest: number): Shape<string> {
  return shape((value) => typeof value === 'string' && value.length <= longest);
}

export function oneOf<const T extends string>(...values: T[]): Shape<T> {
  return shape((value) => values.some((one) => one === value));
}

export function listOf<T>(item: Shape<T>): Shape<T[]> {
  return shape((value) => Array.isArray(value) && value.every(item.fits));
}

/** A field that may be missing. */
export function optional<T>(present: Shape<T>): Shape<T | undefined> {
  return shape((value) => value === undefined || present.fits(value));
}

type Fields = Record<string, AnyShape>;
type Missing<F extends Fields> = { [K in keyof F]: undefined extends Of<F[K]> ? K : never }[keyof F];
type WithFields<F extends Fields> = { [K in Exclude<keyof F, Missing<F>>]: Of<F[K]> } & {
  [K in Missing<F>]?: Exclude<Of<F[K]>, undefined>;
};

/** An object with these fields; others are ignored. */
export function object<F extends Fields>(fields: F): Shape<WithFields<F>> {
  return shape(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      Object.entries(fields).every(([name, { fits }]) => fits((value as Record<string, unknown>)[name])),
  );
}
