/** Floor of pushes and of idle sockets: a bare Socket.IO with the default adapter. A socket joins its `auth.room`. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';

const url = process.env.REDIS_URL ?? '';
const server = createServer();
const io = new Server(server, {
  transports: ['websocket'],
  adapter: createAdapter(new Redis(url), new Redis(url)),
});
io.on('connection', (socket) => socket.join(String(socket.handshake.auth.room)));
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit());
