/**
 * Preloaded (`--import`) into every child of `npm start`: ends it when the parent is gone, also while it is still
 * loading, when its own handlers do not exist yet, and also when it hangs on the way out.
 */
const LAST_MS = 30_000;

process.on('disconnect', () => {
  setTimeout(() => process.exit(1), LAST_MS).unref();
  process.kill(process.pid, 'SIGTERM');
});
// A listener holds the channel open; a child that has nothing left to do shall end.
process.channel?.unref();
