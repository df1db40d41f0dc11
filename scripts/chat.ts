/** `npm run chat -- "text"`: see USAGE. */
import { parseArgs } from 'node:util';
import { addressOf, login, passwordOf, readRuntime } from './chat/account.ts';
import { follow } from './chat/follow.ts';
import { Screen } from './chat/screen.ts';
import { visible } from './services/visible.ts';
import type { End } from '../web/sdk/view.ts';
import { command } from './services/command.ts';

const USAGE = `npm run chat -- "text" [--conversation ID] [--email demo@parley.local] [--password …]

Sends a message and prints the answer as it streams, with its sources. Ctrl-C cancels the answer.
Exit code: 0 answered, or stored for a person; 1 failed, cancelled or refused.

The API: PARLEY_URL, else the address of npm start (.data/runtime.json), else http://127.0.0.1:8000
The password: --password, else SEED_PASSWORD, else the one that npm start made`;

const OPTIONS = {
  conversation: { type: 'string' },
  email: { type: 'string', default: 'demo@parley.local' },
  password: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

await command('chat', main);

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const content = positionals.join(' ');
  if (values.help || content.trim() === '') {
    console.log(USAGE);
    return values.help ? 0 : 1;
  }
  const runtime = await readRuntime();
  const url = addressOf(runtime);
  const password = passwordOf(values.password, runtime);

  const question = { content, idempotency_key: crypto.randomUUID(), ...conversation(values.conversation) };
  const screen = new Screen();
  const signIn = () => login(url, values.email, password);
  const end = await follow(url, question, signIn, {
    onText: (text) => screen.show(text),
    interrupt: cancelOnCtrlC(),
  });
  if (end === null) {
    console.error('A person is asked for or has this conversation: the message is stored and told.');
    return 0;
  }
  screen.show(end.text, true);
  return report(end);
}

function conversation(id: string | undefined): { conversation_id?: number } {
  if (id === undefined) return {};
  if (!/^\d+$/.test(id)) throw new Error('--conversation must be a number');
  return { conversation_id: Number(id) };
}

/** Aborts at the first Ctrl-C; exits at the second. */
function cancelOnCtrlC(): AbortSignal {
  const interrupt = new AbortController();
  process.once('SIGINT', () => {
    interrupt.abort();
    process.once('SIGINT', () => process.exit(130));
  });
  return interrupt.signal;
}

function report({ event: { event, data }, text }: End): number {
  if (text !== '') process.stdout.write('\n');
  if (event === 'response') {
    for (const { faq_id, question, similarity } of data.sources)
      console.log(`  [${faq_id}] ${visible(question)} (${similarity.toFixed(2)})`);
    if (data.finish_reason === 'length') console.error('(cut off at the token limit)');
  }
  if (event === 'run.failed') console.error(`failed: ${data.error.code}: ${data.error.message}`);
  if (event === 'run.cancelled') console.error('cancelled');
  console.error(`conversation ${data.conversation_id}`);
  return event === 'response' ? 0 : 1;
}
