import type { Socket } from 'socket.io';
import type { Signed } from '../../shared/accounts/authenticate.ts';
import { liveFigures } from '../../shared/analytics/live.ts';
import { problem } from '../../shared/base/errors.ts';
import { log } from '../../shared/base/log.ts';
import { onStop } from '../../shared/base/stop.ts';

const EVERY_MS = 2_000;
/** The sockets of this replica that watch. While there are none, nothing is asked. */
const watching = new Set<Socket>();
let timer: NodeJS.Timeout | undefined;
let asking = false;

/**
 * Sends a socket the live figures, now and every two seconds, until the socket closes.
 * @throws Problem `forbidden` unless its user is an administrator
 */
export function watchLive(socket: Socket): void {
  if ((socket.data as Signed).user.role !== 'admin') throw problem('forbidden');
  if (watching.has(socket)) return;
  watching.add(socket);
  socket.once('disconnect', () => {
    watching.delete(socket);
    if (watching.size === 0) end();
  });
  timer ??= setInterval(tell, EVERY_MS).unref();
  void tell();
}

/** Asks once for all sockets. A slow answer is not asked for again meanwhile. */
async function tell(): Promise<void> {
  if (asking) return;
  asking = true;
  try {
    const figures = await liveFigures();
    for (const socket of watching) socket.emit('analytics.live', figures);
  } catch (err) {
    log.debug({ err }, 'Live figures not sent; sent in two seconds');
  } finally {
    asking = false;
  }
}

function end(): void {
  clearInterval(timer);
  timer = undefined;
}
onStop('live figures', end);
