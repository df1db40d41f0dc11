import net from 'node:net';

/** Returns a free TCP port of 127.0.0.1: the wanted one, else one that the system chooses. */
export async function freePort(wanted = 0): Promise<number> {
  return (await listenOnce(wanted, '127.0.0.1')) || (await listenOnce(0, '127.0.0.1'));
}

/** Says whether a server can listen on `port` at `host`. */
export async function isFree(port: number, host: string): Promise<boolean> {
  return (await listenOnce(port, host)) !== 0;
}

function listenOnce(port: number, host: string): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(0));
    server.listen(port, host, () => {
      const { port: got } = server.address() as net.AddressInfo;
      server.close(() => resolve(got));
    });
  });
}
