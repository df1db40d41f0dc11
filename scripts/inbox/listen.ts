import { openSocket } from '../../lab/kit/device.ts';
import { visible } from '../services/visible.ts';

type Told = { conversation_id: number; message: { message_type: string; content: string } };
type Updated = { conversation_id: number; status: string };

/** Prints what users write and who waits, as agents are told of it. Returns a function that ends it. */
export async function listenTo(
  url: string,
  signIn: () => Promise<string>,
  print: (line: string) => void,
): Promise<() => void> {
  let token = await signIn();
  const socket = openSocket(url, (send) => send({ token }));
  socket.on('message', ({ conversation_id, message }: Told) => {
    if (message.message_type === 'user') print(`[${conversation_id}] user: ${visible(message.content)}`);
  });
  socket.on('inbox.updated', ({ conversation_id, status }: Updated) => {
    if (status === 'waiting') print(`[${conversation_id}] waits for a person`);
  });
  // The server ends a connection whose token has run out.
  socket.on('connect_error', () => {
    if (socket.active) return;
    void signIn().then(
      (fresh) => {
        token = fresh;
        socket.connect();
      },
      () => print('not connected any more: what users write is not shown'),
    );
  });
  socket.on('disconnect', (reason) => {
    if (reason === 'io server disconnect') socket.connect();
  });
  return () => void socket.disconnect();
}
