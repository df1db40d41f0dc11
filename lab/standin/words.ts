import { LIGHT } from '../../shared/knowledge/fillers.ts';
import { GENERAL } from './general.ts';

/**
 * Returns a text's words for comparison: lower case, without diacritics and stop words, lightly stemmed (English and
 * German share one list of endings). Merges synonyms per language, so that a German question stays nearer to the German
 * text. Leaves out directives in `[[…]]`.
 */
export function contentWords(text: string): string[] {
  const plain = text.replace(/\[\[[^\]]*\]\]/g, ' ');
  const words = rawWords(plain).filter((word) => !STOP_WORDS.has(word));
  const german =
    readsGerman(plain) ?? words.some((word) => GERMAN_MEANING.has(word) && !ENGLISH_MEANING.has(word));
  const meaning = german ? GERMAN_MEANING : ENGLISH_MEANING;
  return words.map((word) => meaning.of(word));
}

/** Returns a text's words as they are written, without stop words and without directives in `[[…]]`. */
export function topicWords(text: string): string[] {
  const words = text.replace(/\[\[[^\]]*\]\]/g, ' ').match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.filter((word) => !STOP_WORDS.has(rawWords(word)[0] ?? ''));
}

/** Returns whether a text is German; undefined when unknown. */
export function readsGerman(text: string): boolean | undefined {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  const german = words.filter((word) => GERMAN.has(word) || /[äöüß]/.test(word)).length;
  const english = words.filter((word) => ENGLISH.has(word)).length;
  return german === english ? undefined : german > english;
}

function rawWords(text: string): string[] {
  const plain = text.toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '').replaceAll('ß', 'ss');
  return plain.match(/[\p{L}\p{N}]+/gu) ?? [];
}

function stem(word: string): string {
  for (const ending of ENDINGS) {
    if (word.endsWith(ending) && word.length - ending.length >= 4) return word.slice(0, -ending.length);
  }
  return word;
}

const ENDINGS = ['ungen', 'ung', 'ing', 'ern', 'ed', 'en', 'er', 'em', 'es', 'ly', 'e', 'n', 's'];

const ENGLISH_STOP = `a an and are as at be been but by can could did do does for from get give had has have how i if in into is it
  its just let may me my must no not of on or our own out please shall should so some somebody someone tell than that the their them
  then there these they this to too up us use using want was way we were what when where whether which while who why will
  with would you your yours about after again also any anything because before doing don during go going happen happens happened
  s t m d re ve ll need needs possible put make makes work works mine`;

const GERMAN_STOP = `aber alle allem allen aller alles als also am an auch auf aus bei beim bin bis bist da damit dann das dass dein deine dem den
  denn der des dich die dir doch du durch ein eine einem einen einer eines er es etwas euch fur gegen geht gibt hab habe haben hat hatte
  ich ihm ihn ihnen ihr ihre im in ist ja jede jeder jemand kann kannst kein keine konnen konnte lasst machen macht man mein meine meinem meinen
  meiner mich mir mit muss mussen nach nicht noch nun nur ob oder ohne passiert schon sehr sein seine sich sie sind so soll sollte tun um und uns
  unser unter vom von vor wann war warum was weil wenn wer werde werden wie wieder wird wo wohin wurde zu zum zur uber eigentlich bitte wozu braucht brauche brauchen ihr selbst mehr zwei welche welchen welcher welches viel viele
  vielen`;

const STOP_WORDS = new Set(`${ENGLISH_STOP} ${GERMAN_STOP} parley`.split(/\s+/));
const ENGLISH = new Set(
  ENGLISH_STOP.split(/\s+/).filter((w) => w.length > 1 && !` ${GERMAN_STOP} `.includes(` ${w} `)),
);
const GERMAN = new Set(
  GERMAN_STOP.split(/\s+/).filter((w) => w.length > 1 && !` ${ENGLISH_STOP} `.includes(` ${w} `)),
);

// Synonyms beside those of general.ts: a real model knows them, word counts do not. One group per line. They were made for the
// seeded FAQs about Parley, so `npm run eval` calls those questions in-sample.
const ENGLISH_MEANING = meanings(
  0,
  `
  delete remove erase discard trash purge rid
  cancel stop abort halt interrupt
  reset forgot forget forgotten recover remember
  configure change switch choose set setting
  log login signin sign signed logged
  connection internet network wifi offline online disconnect disconnected
  drop drops dropped breaks fails lost loses losing
  limit limits maximum quota cap
  device devices phone laptop tablet computer
  valid expire expires expired expiry lifetime
  consent agree agreement permission
  queue queues job jobs backlog
  worker workers
  watch monitor inspect observe dashboard
  host hosting install deploy hosted run
  wipe wiped flush flushed empty emptied clear cleared
  add adds create insert
  language languages english german speak speaks
  model models llm gpt openai
  scale scaling grow
  conversation conversations chat chats thread threads
  answer answers answered reply replies respond response responses
  faq faqs article articles entry entries
`,
);
const GERMAN_MEANING = meanings(
  1,
  `
  löschen lösche entfernen entferne wegwerfen
  abbrechen abbreche stoppen stoppe anhalten beenden
  zurücksetzen setze zurück vergessen wiederherstellen
  einstellen stelle ändern ändere wechseln konfigurieren
  anmelden angemeldet anmeldung einloggen eingeloggt login
  verbindung internet netz wlan offline getrennt
  abbricht abreißt abgerissen abgebrochen ausfällt weg
  grenze grenzen limit höchstens maximal
  gerät geräte geräten handy laptop tablet rechner
  gültig läuft ablaufen abläuft gilt gültigkeit
  passwort kennwort
  einwilligen einwillige einwilligung zustimmen zustimmung erlaubnis
  worker prozesse prozess
  warteschlange warteschlangen queue queues jobs
  beobachten beobachte überwachen überwache sehen sehe ansehen
  betreiben betreibe hosten installieren installiere aufsetzen
  leeren leert geleert gelöscht geflusht leere
  hinzufügen füge hinzu anlegen lege erstellen eintragen
  sprache sprachen deutsch englisch spricht sprichst
  finde finden anzeigen zeigen
  modell modelle llm gpt openai
  skalieren skaliere wachsen
  senden sende schicken schicke
  unterhaltung unterhaltungen gespräch gespräche chat chats verlauf
  antwort antworten antwortet beantwortet beantworten
`,
);

type Meanings = { has: (word: string) => boolean; of: (word: string) => string };

/**
 * The side of GENERAL for a language, then the groups of the seeded FAQs, which win. A word means what its group means; another
 * form of it does so where no second group has that stem: a `Rechner` is not a `Rechnung`.
 */
function meanings(side: 0 | 1, groups: string): Meanings {
  const [exact, byStem] = [new Map<string, string>(), new Map<string, string>()];
  const general = GENERAL.trim()
    .split('\n')
    .map((line) => line.split('|')[side] ?? '');
  const lines = [...general, ...groups.trim().split('\n')].map(rawWords);
  for (const words of lines) for (const word of words) exact.set(word, stem(words[0] ?? word));
  for (const [word, group] of exact) {
    const known = byStem.get(stem(word));
    byStem.set(stem(word), known === undefined || known === group ? group : stem(word));
  }
  return {
    has: (word) => exact.has(word) || byStem.has(stem(word)),
    of: (word) => exact.get(word) ?? byStem.get(stem(word)) ?? stem(word),
  };
}

/** The general group of a word that `contentWords` returned, the same in both languages; undefined: none. */
export function conceptOf(word: string): number | undefined {
  return CONCEPTS.get(word);
}

/** Returns the general groups of the parts of a compound, a Schwimm-kurs: its last part, then its first. */
export function conceptsWithin(word: string): number[] {
  const found: number[] = [];
  for (let at = REST; at <= word.length - PART && found.length === 0; at++) {
    const concept = CONCEPTS.get(word.slice(at));
    if (concept !== undefined) found.push(concept);
  }
  for (let end = word.length - REST; end >= PART && found.length < 2; end--) {
    const concept = CONCEPTS.get(word.slice(0, end));
    if (concept !== undefined) return [...found, concept];
  }
  return found;
}

/** Letters of a known part of a compound, and of what is left. */
const PART = 4;
const REST = 3;

const CONCEPTS = new Map(
  GENERAL.trim()
    .split('\n')
    .flatMap((line, i) => {
      const [english = '', german = ''] = line.split('|');
      const of = (words: string, meaning: Meanings) =>
        rawWords(words).map((word) => [meaning.of(word), i] as const);
      return [...of(english, ENGLISH_MEANING), ...of(german, GERMAN_MEANING)];
    }),
);

/** Says whether a word that `contentWords` returned may stand in any question. */
export function isLight(word: string): boolean {
  return LIGHT_WORDS.has(word);
}

const LIGHT_WORDS = new Set(
  rawWords([...LIGHT].join(' ')).flatMap((word) => [ENGLISH_MEANING.of(word), GERMAN_MEANING.of(word)]),
);
