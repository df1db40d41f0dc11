import { setTimeout as sleep } from 'node:timers/promises';
import type { Socket } from 'socket.io-client';
import { connect } from '../clients.ts';
import { type LabUser, makeUsers } from '../../kit/users.ts';
import type { Measured } from '../report.ts';
import type { Child, Ground } from '../../kit/ground.ts';

/** How many sockets warm a process up, and how many more are measured. */
const FIRST = 1_000;
const MORE = 3_000;

/**
 * Measures the memory of an idle signed-in socket: what three thousand add to a first thousand. The first also fills the memory
 * that V8 keeps for new objects, of which a process may have more or less at rest.
 */
export async function sockets(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const users = await makeUsers(ground, FIRST + MORE);
  const each = async (server: Child, auth: (user: LabUser) => object) => {
    const open: Socket[] = [];
    const rssWith = async (count: number) => {
      while (open.length < count) {
        const next = users.slice(open.length, open.length + 50);
        open.push(...(await Promise.all(next.map((user) => connect(server.port, auth(user))))));
      }
      await sleep(2_000);
      return server.rss();
    };
    const before = await rssWith(FIRST);
    const grown = ((await rssWith(FIRST + MORE)) - before) / MORE / 1_024;
    for (const socket of open) socket.disconnect();
    await server.stop();
    return grown;
  };
  return async () => {
    const floors = await each(await ground.start('lab/bench/floors/sockets.ts'), ({ id }) => ({
      room: `user:${id}`,
    }));
    const ours = await each(await ground.startType('web'), ({ token }) => ({ token }));
    return [
      {
        figure: 'memory of an idle socket',
        unit: 'KiB',
        loop: '3,000 more sockets',
        floor: 'bare Socket.IO',
        aim: '≤ 1.3',
        ours,
        floors,
      },
    ];
  };
}
