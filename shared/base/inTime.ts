/**
 * Waits for work, for `ms` at most. The work itself goes on.
 * @param late makes the error of work that takes longer
 * @returns what the work returns
 * @throws what `late` makes; what the work throws
 */
export function inTime<T>(
  ms: number,
  work: Promise<T>,
  late: () => Error = () => new Error('timeout'),
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  // Node reads an answer that came while this process was busy before it runs the immediate. Such an answer is not late.
  const timer = setTimeout(() => setImmediate(() => reject(late())), ms);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
