import { parseArgs } from 'node:util';
import { listenForHooks } from './hooks/listen.ts';

/** `npm run hooks`: see USAGE. */
const USAGE = `npm run hooks -- listen [--port 9400] [--secret whsec_…] [--status 204]

Serves an endpoint for webhooks on this machine. Prints what arrives, and says of each request whether its signature is right
and its timestamp within five minutes. For whoever integrates.

  --port    where to listen; 9400
  --secret  the endpoint's secret, or several, separated by commas; else WEBHOOK_SECRET. Without one nothing is checked.
  --status  the status of every answer; 204. Try 500 or 410.

Parley must be allowed to call this machine: start it with WEBHOOK_ALLOW_PRIVATE=true.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: {
    help: { type: 'boolean' },
    port: { type: 'string', default: '9400' },
    secret: { type: 'string', default: process.env.WEBHOOK_SECRET ?? '' },
    status: { type: 'string', default: '204' },
  },
});
const [port, status] = [Number(values.port), Number(values.status)];
const sound =
  positionals[0] === 'listen' &&
  Number.isInteger(port) &&
  port >= 0 &&
  port < 65_536 &&
  Number.isInteger(status) &&
  status >= 200 &&
  status <= 599;

if (values.help === true) console.log(USAGE);
else if (!sound) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  const secrets = String(values.secret)
    .split(',')
    .map((secret) => secret.trim())
    .filter((secret) => secret !== '');
  const { url, close } = await listenForHooks({ port, status, secrets }, (line) => console.log(line));
  console.log(
    `Listening on ${url}${secrets.length === 0 ? ', without a secret: signatures are not checked' : ''}`,
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void close());
}
