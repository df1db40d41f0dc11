import { type FaqSet, wordsSince } from '../../db/models/faqSearch.ts';
import { log } from '../base/log.ts';
import { addWord, emptyVocabulary, type Vocabulary } from './mend.ts';

/** Words that a process holds: about 10 MB, and 10 ms to compare an unknown word with. */
const MOST = 30_000;
/** Ms after which a change has all words read again: words of deleted FAQs go then. */
const READ_ANEW = 60_000;
/** A transaction may commit after a later one's rows were read. */
const OVERLAP = 200;

const UNREAD = { version: '', upTo: 0, at: Number.NEGATIVE_INFINITY };
let read = { vocabulary: emptyVocabulary(), ...UNREAD };
let reading: Promise<void> | undefined;

/** Returns the words of published FAQs. @param set the FAQs whose words it must include */
export async function vocabulary(set: Pick<FaqSet, 'version' | 'terms'>): Promise<Vocabulary> {
  // Twice, because a reading under way may be of an earlier version.
  for (let time = 0; time < 2 && set.version !== read.version; time += 1) {
    reading ??= readOn(set).finally(() => {
      reading = undefined;
    });
    await reading;
  }
  return read.vocabulary;
}

/** Forgets all words, for who replaces the whole knowledge base: otherwise those of before stay for a minute. */
export function forgetWords(): void {
  read = { vocabulary: emptyVocabulary(), ...UNREAD };
}

async function readOn(set: Pick<FaqSet, 'version' | 'terms'>): Promise<void> {
  const { version, terms } = set;
  // Fewer rows than were read: the database is another one.
  if (read.at === Number.NEGATIVE_INFINITY || terms < read.upTo) return readAnew(set);
  addAll(read.vocabulary, await wordsSince(Math.max(0, read.upTo - OVERLAP), MOST));
  Object.assign(read, { version, upTo: terms });
  if (performance.now() - read.at <= READ_ANEW) return;
  // No search waits for the words of all FAQs again: they take half a second among 20,000.
  read.at = performance.now();
  readAnew(set).catch((err: unknown) =>
    log.warn({ err }, 'Words of FAQs not read; read again at the next change'),
  );
}

async function readAnew({ version, terms }: Pick<FaqSet, 'version' | 'terms'>): Promise<void> {
  const vocabulary = emptyVocabulary();
  addAll(vocabulary, await wordsSince(0, MOST));
  read = { vocabulary, version, upTo: terms, at: performance.now() };
}

function addAll(vocabulary: Vocabulary, words: string[]): void {
  for (const word of words) if (vocabulary.words.size < MOST) addWord(vocabulary, word);
}
