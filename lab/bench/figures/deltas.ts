import { once } from 'node:events';
import type { Socket } from 'socket.io-client';
import { connect } from '../clients.ts';
import { makeUsers } from '../../kit/users.ts';
import type { Measured } from '../report.ts';
import type { Child, Ground } from '../../kit/ground.ts';

/** Measures deltas from a worker through Redis and web to a client. */
export async function deltas(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const [web, bare] = await Promise.all([
    ground.startType('web'),
    ground.start('lab/bench/floors/sockets.ts'),
  ]);
  const [log, emit] = await Promise.all(
    ['log', 'emit'].map((how) => ground.start('lab/bench/floors/push.ts', [how])),
  );
  const users = await makeUsers(ground, 20);
  const clients = await Promise.all(users.map((user) => connect(web.port, { token: user.token })));
  const bareClients = await Promise.all(users.map((user) => connect(bare.port, { room: `user:${user.id}` })));
  const measure = async (child: Child, sockets: Socket[], round: number) => {
    let received = 0;
    const count = () => (received += 1);
    for (const socket of sockets) socket.on('response.delta', count);
    child.process.send({ users: users.map(({ id }) => id), width: 20, seconds: 3, round });
    await once(child.process, 'message');
    for (const socket of sockets) socket.off('response.delta', count);
    return received / 3;
  };
  return async (round) => {
    // Each push reaches both webs, so each side's sockets also get the other side's events.
    const floors = await measure(emit as Child, bareClients, round);
    const ours = await measure(log as Child, clients, round);
    return [
      {
        figure: 'delta events a second',
        unit: '/s',
        loop: 'closed, 20 wide',
        floor: 'bare room emit',
        aim: '≥ 0.7',
        ours,
        floors,
      },
    ];
  };
}
