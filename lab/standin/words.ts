import { plainLetters } from './german.ts';

/** Returns a text's words as they are written, without stop words and without directives in `[[…]]`. */
export function topicWords(text: string): string[] {
  const words = withoutDirectives(text.normalize('NFC')).match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.filter((word) => !STOP_WORDS.has(rawWords(word)[0] ?? ''));
}

/** Returns whether a text is German; undefined when unknown. */
export function readsGerman(text: string): boolean | undefined {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  const german = words.filter((word) => GERMAN.has(word) || /[äöüß]/.test(word)).length;
  const english = words.filter((word) => ENGLISH.has(word)).length;
  return german === english ? undefined : german > english;
}

function withoutDirectives(text: string): string {
  return text.replace(/\[\[[^\]]*\]\]/g, ' ');
}

function rawWords(text: string): string[] {
  return plainLetters(text).match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Returns a word for comparison: lower case, without diacritics and ending. English and German share one list of endings. */
export function stem(written: string): string {
  const word = plainLetters(written);
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
