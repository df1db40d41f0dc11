/**
 * Requests at a time to hosts that did not answer the last one. Whoever subscribes names the host, guests too. A host that never answers
 * would take every slot of the process, for the time limit of a request each, and nobody would be told anything.
 */
const AT_ONCE = 5;
/** More hosts than browsers have push services. Beyond them all are forgotten, and prove themselves again. */
const MOST = 1_000;
const answering = new Set<string>();
let others = 0;

/**
 * Sends a request to a host, if it answered the last one or a slot is free for those that did not.
 * @returns what `send` returns; undefined when no slot is free
 * @throws what `send` throws
 */
export async function toHost<T>(endpoint: string, send: () => Promise<T>): Promise<T | undefined> {
  const { host } = new URL(endpoint);
  const known = answering.has(host);
  if (!known && others >= AT_ONCE) return undefined;
  if (!known) others += 1;
  try {
    const answer = await send();
    if (answering.size >= MOST) answering.clear();
    answering.add(host);
    return answer;
  } catch (err) {
    answering.delete(host);
    throw err;
  } finally {
    if (!known) others -= 1;
  }
}
