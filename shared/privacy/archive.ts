import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { exported, exportedAccess, exportedAccount, type Part } from '../../db/models/exported.ts';
import { shownColumns } from './map.ts';

/** The files of an archive, and what README.html says of each. */
const FILES: Record<string, string> = {
  'account.json': 'Your account: names, addresses, language, consents.',
  'conversations.json': 'Your conversations, without their messages.',
  'messages.jsonl': 'Every message in them, one a line: yours, the assistant’s and people’s.',
  'feedback.json': 'How you rated answers and entries of the knowledge base.',
  'consents.json': 'What you consented to and withdrew, and when.',
  'sessions.json': 'Where you signed in.',
  'notifications.json': 'What you were told of.',
  'access_log.json': 'Who did what with your data.',
};

/**
 * Returns an archive of what is kept of a user, as it is read from Postgres a page at a time.
 * @param told is called with each page of messages that was written
 * @returns undefined when there is no such account
 */
export async function archiveOf(
  userId: number,
  told: (messages: number, of: number) => void,
): Promise<NodeJS.ReadableStream | undefined> {
  const found = await exportedAccount(userId, shownColumns('users'));
  if (found === undefined) return undefined;
  const zip = new ZipFile();
  const add = (name: string, make: () => AsyncIterable<string>) =>
    zip.addReadStreamLazy(name, {}, (ready) => ready(null, Readable.from(make())));
  const part = (name: Part) => exported(name, userId);
  const fail = (err: Error) => (zip.outputStream as Readable).destroy(err);
  zip.on('error', fail);

  zip.addBuffer(Buffer.from(readme(new Date())), 'README.html');
  zip.addBuffer(Buffer.from(JSON.stringify(found.account, null, 2)), 'account.json');
  add('conversations.json', () => listOf(part('conversations')));
  add('messages.jsonl', () => linesOf(part('messages'), (count) => told(count, found.messages)));
  add('feedback.json', () =>
    ratings({
      answers: part('ratings'),
      conversations: part('conversation_ratings'),
      faqs: part('faq_ratings'),
    }),
  );
  add('consents.json', () => listOf(part('consents')));
  add('sessions.json', () => listOf(part('sessions')));
  add('notifications.json', () => listOf(part('notifications')));
  add('access_log.json', () => listOf(exportedAccess(userId)));
  zip.end();
  return zip.outputStream;
}

async function* listOf(found: AsyncIterable<object[]>): AsyncGenerator<string> {
  let before = '[\n';
  for await (const page of found) {
    yield before + page.map((one) => JSON.stringify(one)).join(',\n');
    before = ',\n';
  }
  yield before === '[\n' ? '[]\n' : '\n]\n';
}

async function* linesOf(
  found: AsyncIterable<object[]>,
  told: (count: number) => void,
): AsyncGenerator<string> {
  let count = 0;
  for await (const page of found) {
    yield page.map((one) => `${JSON.stringify(one)}\n`).join('');
    count += page.length;
    told(count);
  }
}

async function* ratings(parts: Record<string, AsyncIterable<object[]>>): AsyncGenerator<string> {
  let before = '{';
  for (const [name, found] of Object.entries(parts)) {
    yield `${before}${JSON.stringify(name)}: `;
    yield* listOf(found);
    before = ', ';
  }
  yield '}\n';
}

function readme(at: Date): string {
  const files = Object.entries(FILES).map(
    ([name, what]) => `<tr><th scope="row"><a href="${name}">${name}</a></th><td>${what}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Your data</title>
<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}th{text-align:left;padding-right:1.5rem;vertical-align:top}</style>
</head><body><h1>Your data</h1>
<p>This archive holds what was kept of you on ${at.toISOString().slice(0, 10)}. The files are JSON: any text editor opens them.</p>
<table>${files.join('')}</table>
<p>Passwords and other secrets are not in it, and neither are notes that staff wrote for each other.</p>
</body></html>
`;
}
