import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';
import { checkFrame } from './openapi.ts';

export type Frame = { type: string } & Record<string, unknown>;

/** A client of the plain WebSocket, like wscat: sends text, keeps frames. */
export type Wire = {
  socket: WebSocket;
  frames: Frame[];
  say: (frame: unknown) => void;
  /** Resolves to the first past or future frame that fits; rejects after 30 s. */
  until: (fits: (frame: Frame) => boolean) => Promise<Frame>;
  closed: Promise<[number, string]>;
};

/** Dials; rejects with `status` and the problem's `code` when the upgrade is refused. */
export async function dial(
  url: string,
  userId: number | string,
  token?: string,
  options: ClientOptions = {},
): Promise<Wire> {
  const query = token === undefined ? '' : `?token=${encodeURIComponent(token)}`;
  return connect(`${url.replace('http', 'ws')}/api/v1/chat/ws/${userId}${query}`, options);
}

export async function connect(
  address: string,
  options: ClientOptions = {},
  protocols: string[] = [],
): Promise<Wire> {
  const socket = new WebSocket(address, protocols, options);
  const frames: Frame[] = [];
  socket.on('message', (text: Buffer) => {
    const frame = JSON.parse(text.toString()) as Frame;
    checkFrame(frame);
    frames.push(frame);
    socket.emit('frame');
  });
  socket.on('error', () => {});
  const closed = once(socket, 'close').then(([code, reason]) => [code, String(reason)] as [number, string]);
  await opened(socket);
  return {
    socket,
    frames,
    closed,
    say: (frame) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    async until(fits) {
      const signal = AbortSignal.timeout(30_000);
      for (let found = frames.find(fits); ; found = frames.find(fits)) {
        if (found) return found;
        await once(socket, 'frame', { signal }).catch(() => {
          throw new Error(`not among ${JSON.stringify(frames.slice(-5))}`);
        });
      }
    },
  };
}

async function opened(socket: WebSocket): Promise<void> {
  await new Promise<void>((open, refused) => {
    socket.once('open', open);
    socket.once('error', refused);
    socket.once('unexpected-response', async (_, answer) => {
      let text = '';
      for await (const chunk of answer) text += String(chunk);
      const { statusCode: status, headers } = answer;
      const json = String(headers['content-type']).includes('json');
      refused(Object.assign(new Error(text), { status, headers, problem: json ? JSON.parse(text) : {} }));
    });
  });
}
