import { wordsSince } from '../../db/models/faqSearch.ts';
import { addWord, emptyVocabulary, type Vocabulary } from './mend.ts';

/** Words that a process holds: about 10 MB, and 10 ms to compare an unknown word with. */
const MOST = 30_000;
/** Ms after which a change has all words read again: words of deleted FAQs go then. */
const READ_ANEW = 60_000;
/** A transaction may commit after a later one's rows were read. */
const OVERLAP = 200;

let read = { vocabulary: emptyVocabulary(), upTo: 0, at: Number.NEGATIVE_INFINITY };
let reading: Promise<void> | undefined;

/** Returns the words of published FAQs. @param upTo newest row of `faq_terms` that they must include */
export async function vocabulary(upTo: number): Promise<Vocabulary> {
  if (upTo > read.upTo || isEarlier(upTo)) {
    reading ??= readOn(upTo).finally(() => {
      reading = undefined;
    });
    await reading;
  }
  return read.vocabulary;
}

/** Says whether the rows are of another database. A search that began a little earlier is no reason to read anew. */
function isEarlier(upTo: number): boolean {
  return upTo < read.upTo - OVERLAP || (upTo === 0 && read.upTo > 0);
}

async function readOn(upTo: number): Promise<void> {
  const anew = isEarlier(upTo) || performance.now() - read.at > READ_ANEW;
  const words = await wordsSince(anew ? 0 : Math.max(0, read.upTo - OVERLAP), MOST);
  if (anew) read = { vocabulary: emptyVocabulary(), upTo, at: performance.now() };
  read.upTo = upTo;
  for (const word of words) if (read.vocabulary.words.size < MOST) addWord(read.vocabulary, word);
}
