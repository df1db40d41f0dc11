/**
 * Preloaded (`--import`) into every child of `npm start`: ends the child when the parent is gone. It also works
 * while the child is loading and has no handlers, and when it hangs on its way out.
 */
const LAST_MS = 30_000;

process.on('disconnect', () => {
  setTimeout(() => process.exit(1), LAST_MS).unref();
  process.kill(process.pid, 'SIGTERM');
});
// Lets the child end when it has nothing left to do: the listener would keep the channel open.
process.channel?.unref();
