import { once } from 'node:events';
import net from 'node:net';

/** A TCP proxy before a server, which cuts connections where a test wants. */
export type Proxy = {
  port: number;
  cut: () => void;
  mend: () => void;
  /** Stops all bytes on the open connections; new ones work. @returns how many went silent */
  silence: () => number;
  /** Returns how many silent connections are still open. */
  silent: () => number;
  /** Cuts, for each text, the first connection whose client has sent it, before the answer arrives. */
  cutOnce: (texts: string[]) => void;
  cutFor: () => string[];
  close: () => Promise<void>;
};

/** How long the server may work on the text before the connection is cut, in ms. */
const TO_WORK = 150;

export async function startProxy(target: number): Promise<Proxy> {
  const pairs = new Set<[net.Socket, net.Socket]>();
  const silent = new WeakSet<[net.Socket, net.Socket]>();
  let open = true;
  let traps: string[] = [];
  const fallen: string[] = [];
  const server = net.createServer((client) => {
    if (!open) return void client.resetAndDestroy();
    const upstream = net.connect(target, '127.0.0.1');
    const pair: [net.Socket, net.Socket] = [client, upstream];
    pairs.add(pair);
    let deaf = false;
    const end = () => {
      pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of pair) socket.on('error', end).on('close', end).setNoDelay();
    upstream.on('data', (data) => deaf || silent.has(pair) || client.write(data));
    client.on('data', (data) => {
      if (silent.has(pair)) return;
      upstream.write(data);
      const trap = traps.find((text) => data.includes(text));
      if (deaf || trap === undefined) return;
      deaf = true;
      traps = traps.filter((text) => text !== trap);
      fallen.push(trap);
      setTimeout(end, TO_WORK);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cutAll = () => {
    for (const sockets of pairs) for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as net.AddressInfo).port,
    cut() {
      open = false;
      cutAll();
    },
    mend() {
      open = true;
    },
    silence() {
      for (const pair of pairs) silent.add(pair);
      return pairs.size;
    },
    silent: () => [...pairs].filter((pair) => silent.has(pair)).length,
    cutOnce(texts) {
      traps = texts;
    },
    cutFor: () => fallen,
    async close() {
      const closed = once(server, 'close');
      server.close();
      cutAll();
      await closed;
    },
  };
}
