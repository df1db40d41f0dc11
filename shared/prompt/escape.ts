/**
 * Characters that no reader sees and that can hide orders in any text: those of tags, and of variation selectors all that
 * follow another one. A single one chooses a glyph.
 */
const TAG_CHARACTERS =
  /[\u{E0000}-\u{E007F}]|(?<=[\u{FE00}-\u{FE0F}\u{E0100}-\u{E01EF}])[\u{FE00}-\u{FE0F}\u{E0100}-\u{E01EF}]/gu;
/** `<` and the forms that NFKC makes of it. */
const OPENING = /[<＜﹤]/g;
/** What would read as an escaped `<`. Each step of escaping adds an `amp;`, so that nothing is lost. */
const ESCAPED = /&((?:amp;)*)lt;/g;

/** Returns a text as it may stand in a prompt: it can open no tag. */
export function asData(text: string): string {
  return text.replace(TAG_CHARACTERS, '').replace(ESCAPED, '&amp;$1lt;').replace(OPENING, '&lt;');
}

/** Returns a text of the model as its user should read it: takes back one step of `asData`. */
export function asSaid(text: string): string {
  return text.replace(ESCAPED, (_, amps: string) => (amps === '' ? '<' : `&${amps.slice(4)}lt;`));
}

/** Returns whether `asData` escapes something in a text. */
export function needsEscape(text: string): boolean {
  return /[<＜﹤]|&(?:amp;)*lt;/.test(text);
}

/** Returns whether a prompt holds escapes that the model may copy. The rules' own example does not count. */
export function holdsEscapes(
  [, ...said]: { content: string }[],
  passages: { question: string; answer: string }[],
): boolean {
  const fenced = passages.some(({ question, answer }) => needsEscape(question + answer));
  return fenced || said.some(({ content }) => needsEscape(content));
}

/** Returns a text without the characters that hide text. */
export function withoutTagCharacters(text: string): string {
  return text.replace(TAG_CHARACTERS, '');
}

/** The beginning of an escape at a text's end. Longer runs of `amp;` than any prompt needs are let go. */
const BEGUN = /&(?:amp;){0,8}(?:am?|amp|lt?)?$/;

/** Splits the text of a stream: what can be shown, and the beginning of an escape that the next piece may end. */
export function splitAtEscape(text: string): [whole: string, begun: string] {
  const begun = BEGUN.exec(text)?.[0] ?? '';
  return [text.slice(0, text.length - begun.length), begun];
}
