/**
 * Requests at a time to hosts that did not answer the last one soon: of one user, and of all. Whoever subscribes names the host, guests too.
 * Hosts that never answer would take every slot of the process, for the time limit of a request each.
 */
const [OF_ONE, OF_ALL] = [5, 50];
/** Ms. A host that takes longer holds a slot as one that never answers does. */
const SOON = 2_000;
/** More hosts than browsers have push services. Beyond them the one is forgotten that did not answer for longest. */
const MOST = 1_000;
const answering = new Set<string>();
/** Requests to the others, by user. */
const others = new Map<number, number>();

/**
 * Sends a user's request to a host, if it answered the last one soon, or a slot is free for those that did not.
 * @returns what `send` returns; undefined when no slot is free
 * @throws what `send` throws
 */
export async function toHost<T>(
  userId: number,
  endpoint: string,
  send: () => Promise<T>,
): Promise<T | undefined> {
  const { host } = new URL(endpoint);
  const known = answering.has(host);
  if (!known && !take(userId)) return undefined;
  const began = performance.now();
  let answered = false;
  try {
    const answer = await send();
    answered = true;
    return answer;
  } finally {
    note(host, answered && performance.now() - began < SOON);
    if (!known) giveBack(userId);
  }
}

function note(host: string, soon: boolean): void {
  answering.delete(host);
  if (!soon) return;
  answering.add(host);
  const [oldest] = answering;
  if (answering.size > MOST && oldest !== undefined) answering.delete(oldest);
}

function take(userId: number): boolean {
  const own = others.get(userId) ?? 0;
  const all = [...others.values()].reduce((sum, count) => sum + count, 0);
  if (own >= OF_ONE || all >= OF_ALL) return false;
  others.set(userId, own + 1);
  return true;
}

function giveBack(userId: number): void {
  const left = (others.get(userId) ?? 1) - 1;
  if (left === 0) others.delete(userId);
  else others.set(userId, left);
}
