/** `npm run inbox`: see USAGE. */
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { addressOf, login, passwordOf, readRuntime } from './chat/account.ts';
import { COMMANDS, Inbox } from './inbox/inbox.ts';
import { listenTo } from './inbox/listen.ts';
import { command } from './services/command.ts';

const USAGE = `npm run inbox [-- COMMAND] [--email agent@parley.local] [--password …]

Answers users from a terminal, as an agent. Without a command it lists the conversations that wait or have a person, longest
waiting first, and then takes commands until "quit"; what users write meanwhile is printed.

${Object.entries(COMMANDS)
  .map(([name, { parameters, help }]) => `  ${`${name} ${parameters}`.padEnd(22)}${help}`)
  .join('\n')}

ID may be left out in the dialog: the conversation that was shown or taken last is meant then.
Exit code: 0 done, 1 refused.

The API: PARLEY_URL, else the address of npm start (.data/runtime.json), else http://127.0.0.1:8000
The password: --password, else SEED_PASSWORD, else the one that npm start made`;

const OPTIONS = {
  email: { type: 'string', default: 'agent@parley.local' },
  password: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

await command('inbox', main);

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  if (values.help) return console.log(USAGE) ?? 0;
  const runtime = await readRuntime();
  const url = addressOf(runtime);
  const password = passwordOf(values.password, runtime);
  const signIn = () => login(url, values.email, password);
  const inbox = new Inbox(url, signIn, (line) => console.log(line));
  if (positionals.length > 0) return (await inbox.run(positionals)) ? 0 : 1;
  await inbox.run(['list']);
  await converse(inbox, url, signIn);
  return 0;
}

/** Takes commands, a line each, until "quit" or the end of the input. */
async function converse(inbox: Inbox, url: string, signIn: () => Promise<string>): Promise<void> {
  let ask = () => {};
  const stop = await listenTo(url, signIn, (line) => {
    console.log(`\r${line}`);
    ask();
  });
  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: 'inbox> ' });
  // The input may end while a command is still done.
  lines.once('close', () => {
    ask = () => {};
  });
  ask = () => lines.prompt(true);
  try {
    ask();
    for await (const line of lines) {
      const [command = '', ...rest] = line.trim().split(/\s+/);
      if (command === 'quit' || command === 'exit') break;
      if (command !== '') await inbox.run([command, ...rest]);
      ask();
    }
  } finally {
    lines.close();
    stop();
  }
}
