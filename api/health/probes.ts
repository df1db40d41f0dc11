/**
 * The times of requests to /readyz. Repeated requests come from a load balancer, which stops sending requests once
 * /readyz has answered that this process drains.
 */
const asked: number[] = [];
let told = 0;
/** Requests are repeated when there were three and the last is recent. */
const [PROBES, RECENT_MS] = [3, 30_000];
/** Balancers act on a refusal only after more than one. */
const TELL = 2;

export function noteProbe(draining: boolean): void {
  if (draining) told += 1;
  asked.push(Date.now());
  if (asked.length > PROBES) asked.shift();
}

/** Says whether a balancer watches this process and does not know yet that it drains. */
export function balancerUnaware(): boolean {
  const last = asked.at(-1) ?? 0;
  return asked.length >= PROBES && Date.now() - last < RECENT_MS && told < TELL;
}
