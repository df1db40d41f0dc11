/**
 * How many requests may be open to slow hosts: for one user, and for all. A host is slow until it answers a request soon.
 * Anybody who subscribes names a host, guests too. Without this limit, hosts that never answer would fill every slot of the
 * process.
 */
const [OF_ONE, OF_ALL] = [5, 50];
/** Ms in which a host must answer so as not to be slow. */
const SOON = 2_000;
/**
 * How many hosts are remembered as quick: more than browsers have push services. Beyond that, the host that answered longest
 * ago is forgotten.
 */
const MOST = 1_000;
const answering = new Set<string>();
/** Open requests to slow hosts, by user. */
const others = new Map<number, number>();

/**
 * Sends a user's request to a host, if the host is quick or a slot for slow hosts is free.
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
