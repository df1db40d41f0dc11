import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/**
 * A reverse proxy that serves `web` under a path and strips it, like nginx's `location /parley/ { proxy_pass
 * http://web/; }`.
 */
export type PrefixProxy = {
  url: string;
  to: (web: string) => void;
  close: () => Promise<void>;
};

export async function startPrefixProxy(prefix: string): Promise<PrefixProxy> {
  let target = new URL('http://127.0.0.1:1');
  const sockets = new Set<Socket>();
  const stripped = ({ url = '' }: IncomingMessage) =>
    url === prefix || url.startsWith(`${prefix}/`) ? url.slice(prefix.length) || '/' : undefined;
  const headersOf = ({ headers }: IncomingMessage) => ({ ...headers, host: target.host });

  const server = createServer((req: IncomingMessage, res: ServerResponse) => {
    const path = stripped(req);
    if (path === undefined) return void res.writeHead(404).end('outside of the prefix');
    const { hostname, port } = target;
    const upstream = request(
      { hostname, port, path, method: req.method, headers: headersOf(req) },
      (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(res);
      },
    );
    upstream.on('error', () => res.writeHead(502).end());
    req.pipe(upstream);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (req: IncomingMessage, client: Socket, head: Buffer) => {
    const path = stripped(req);
    if (path === undefined) return void client.destroy();
    const upstream = connect(Number(target.port), target.hostname);
    const lines = Object.entries(headersOf(req)).map(([name, value]) => `${name}: ${value}`);
    upstream.write(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    upstream.write(head);
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`,
    to(web) {
      target = new URL(web);
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
