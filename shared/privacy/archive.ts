import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { exported, exportedAccess, exportedAccount, type Part } from '../../db/models/exported.ts';
import { shownColumns } from './map.ts';
import { readmeIn } from './readme.ts';

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

  zip.addBuffer(Buffer.from(readmeIn(String(found.account.language ?? 'en'), new Date())), 'README.html');
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
