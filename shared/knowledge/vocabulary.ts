import { type FaqSet, wordsSince } from '../../db/models/faqSearch.ts';
import { addWord, emptyVocabulary, type Vocabulary } from './mend.ts';

/** Words that a process holds: about 10 MB, and 10 ms to compare an unknown word with. */
const MOST = 30_000;
/** Ms after which a change has all words read again: words of deleted FAQs go then. */
const READ_ANEW = 60_000;
/** A transaction may commit after a later one's rows were read. */
const OVERLAP = 200;

let read = { vocabulary: emptyVocabulary(), version: '', upTo: 0, at: Number.NEGATIVE_INFINITY };
let reading: Promise<void> | undefined;

/** Returns the words of published FAQs. @param set the FAQs whose words it must include */
export async function vocabulary(set: Pick<FaqSet, 'version' | 'terms'>): Promise<Vocabulary> {
  if (set.version !== read.version) {
    reading ??= readOn(set).finally(() => {
      reading = undefined;
    });
    await reading;
  }
  return read.vocabulary;
}

async function readOn({ version, terms }: Pick<FaqSet, 'version' | 'terms'>): Promise<void> {
  // Fewer rows than were read: the database is another one.
  const anew = terms < read.upTo || performance.now() - read.at > READ_ANEW;
  const words = await wordsSince(anew ? 0 : Math.max(0, read.upTo - OVERLAP), MOST);
  if (anew) read = { vocabulary: emptyVocabulary(), version, upTo: terms, at: performance.now() };
  else Object.assign(read, { version, upTo: terms });
  for (const word of words) if (read.vocabulary.words.size < MOST) addWord(read.vocabulary, word);
}
