/**
 * When /readyz was asked. Whoever asks again and again is a load balancer, and stops sending requests once it was told
 * that this process drains.
 */
const asked: number[] = [];
let told = 0;
/** What counts as again and again: three times, the last not long ago. */
const [PROBES, RECENT_MS] = [3, 30_000];
/** Balancers want to hear it more than once. */
const TELL = 2;

export function noteProbe(draining: boolean): void {
  if (draining) told += 1;
  asked.push(Date.now());
  if (asked.length > PROBES) asked.shift();
}

/** Whether a balancer watches this process and does not know yet that it drains. */
export function balancerUnaware(): boolean {
  const last = asked.at(-1) ?? 0;
  return asked.length >= PROBES && Date.now() - last < RECENT_MS && told < TELL;
}
