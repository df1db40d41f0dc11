/** `node scripts/health.ts PORT PATH`: exits with 0 when this machine's port answers 200. For health checks of containers. */
const [port = '8000', path = '/livez'] = process.argv.slice(2);
const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(3_000) }).catch(
  () => undefined,
);
process.exit(answer?.ok ? 0 : 1);
