import type { AddressInfo } from 'node:net';
import { DIRECTIVES_HELP } from './standin/directives.ts';
import { createStandin } from './standin/server.ts';

const HELP = `npm run standin [-- --help]

A local stand-in for the OpenAI API on 127.0.0.1: /v1/chat/completions, /v1/embeddings, /v1/moderations,
/v1/models. No model is in it: it answers with the passage of the prompt that fits best, or says what it is.

Environment:
  STANDIN_PORT      8001 (0: any free port)
  STANDIN_CHUNK_MS  15, milliseconds between two chunks

${DIRECTIVES_HELP}

For tests: GET /_calls · POST /_reset · POST /_pause (hold every chunk) · POST /_pause?after=N (each new stream
holds after N chunks) · POST /_resume`;

if (process.argv.includes('--help') || process.argv.includes('-h')) {
  console.log(HELP);
  process.exit(0);
}

const port = wholeNumber('STANDIN_PORT', 8001, 65_535);
const { server } = createStandin({ chunkMs: wholeNumber('STANDIN_CHUNK_MS', 15, 60_000) });
server.on('error', (error: Error) => die(`cannot listen on 127.0.0.1:${port}: ${error.message}`));
server.listen(port, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  console.log(`standin: ready on ${url}`);
  process.send?.({ ready: true, url });
});

const stop = () => {
  server.close(() => process.exit(0));
  server.closeAllConnections();
};
process.on('SIGTERM', stop);
process.on('disconnect', stop);
// Ctrl-C reaches the whole process group. A supervisor needs the stand-in until its workers have drained.
process.on('SIGINT', () => (process.connected ? undefined : stop()));

function wholeNumber(name: string, fallback: number, max: number): number {
  const value = Number(process.env[name]?.trim() || fallback);
  return Number.isInteger(value) && value >= 0 && value <= max ? value : die(`${name} must be 0 to ${max}`);
}

function die(message: string): never {
  process.stderr.write(`standin: ${message}\n`);
  process.exit(1);
}
