import { setTimeout as sleep } from 'node:timers/promises';
import type { Socket } from 'socket.io-client';
import { connect } from '../clients.ts';
import { type LabUser, makeUsers } from '../../kit/users.ts';
import type { Measured } from '../report.ts';
import type { Child, Ground } from '../../kit/ground.ts';

/** Measures the memory of an idle signed-in socket. */
export async function sockets(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const users = await makeUsers(ground, 1_000);
  const each = async (server: Child, auth: (user: LabUser) => object) => {
    await sleep(1_000);
    const before = server.rss();
    const open: Socket[] = [];
    for (let i = 0; i < users.length; i += 50) {
      open.push(
        ...(await Promise.all(users.slice(i, i + 50).map((user) => connect(server.port, auth(user))))),
      );
    }
    await sleep(2_000);
    const grown = (server.rss() - before) / users.length / 1_024;
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
        loop: '1,000 sockets',
        floor: 'bare Socket.IO',
        aim: '≤ 1.3',
        ours,
        floors,
      },
    ];
  };
}
