/**
 * Preloaded (`--import`) into processes that die at a named point; see traps.ts. At the n-th pass of
 * KILL_AT=point:n the process kills itself. At STOP_AT it freezes until SIGCONT. At BLOCK_AT=point:n:ms its event
 * loop blocks. HOLD_ANSWERS_MS delays every HTTP answer, so that later work comes before the answer.
 */
import { writeSync } from 'node:fs';
import { ServerResponse } from 'node:http';
import { HOOK, type KillPointHook } from '../../shared/ops/killpoint.ts';

const passes = new Map<string, number>();

const hook: KillPointHook = (point, run_id) => {
  const pass = (passes.get(point) ?? 0) + 1;
  passes.set(point, pass);
  for (const trap of ['KILL_AT', 'STOP_AT', 'BLOCK_AT']) {
    const [name, n = '1', ms = '0'] = (process.env[trap] ?? '').split(':');
    if (name !== point || Number(n) !== pass) continue;
    // Writes synchronously: a buffered line would die with the process.
    writeSync(2, `${JSON.stringify({ msg: 'trapped', point, run_id })}\n`);
    if (trap === 'KILL_AT') process.kill(process.pid, 'SIGKILL');
    if (trap === 'STOP_AT') process.kill(process.pid, 'SIGSTOP');
    for (const until = Date.now() + Number(ms); Date.now() < until; );
  }
};
Object.assign(globalThis, { [HOOK]: hook });

const holdMs = Number(process.env.HOLD_ANSWERS_MS ?? 0);
if (holdMs > 0) {
  const end = ServerResponse.prototype.end as (...args: unknown[]) => ServerResponse;
  ServerResponse.prototype.end = function (this: ServerResponse, ...args: unknown[]) {
    setTimeout(() => end.apply(this, args), holdMs);
    return this;
  } as typeof ServerResponse.prototype.end;
}
