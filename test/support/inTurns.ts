/**
 * Calls `ask` `n` times, twenty at once. More would wait longer for one of five connections, on a busy machine, than a request
 * may, and be answered 503.
 * @returns the answers, in the order of the calls
 */
export async function inTurns<T>(n: number, ask: (i: number) => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  while (answers.length < n) {
    const from = answers.length;
    const turn = Math.min(20, n - from);
    answers.push(...(await Promise.all(Array.from({ length: turn }, (_, i) => ask(from + i)))));
  }
  return answers;
}
