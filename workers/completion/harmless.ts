import { withoutTagCharacters } from '../../shared/prompt/escape.ts';

/** A tag of raw HTML, a comment or a declaration, whole. */
const TAG = /<[A-Za-z/!?][^<>]*>/g;
/** What Markdown makes a link of: <https://…>, <mailto:…>, <name@host>. */
const AUTOLINK = /^<(?:https?:\/\/|mailto:)[^\s<>]*>$|^<[^\s<>@]+@[^\s<>@]+>$/i;
/** The beginning of a tag without an end. */
const TAG_BEGUN = /<(?=[A-Za-z/!?])/g;
/** An image of one line with its address beside it. */
const IMAGE = /!\[((?:\\.|[^\\[\]\n])*)\]\(\s*(<[^<>\n]*>|[^\s()<>]*)[^()\n]*\)/g;
/** What Markdown reads as another character: an address with it is not the one that stands there. */
const DISGUISE = /\\|&#?\w+;/;
/** The beginning of any other image. A citation after an exclamation mark is not an image. */
const IMAGE_BEGUN = /!\[(?!\d+(?:\s*[,;]\s*\d+)*\](?![([:]))/g;
/** The definition of an address that an image elsewhere may use. */
const DEFINITION = /^( {0,3}\[[^\]\n]+\]):/gm;
/** The beginning of a tag, an image or a line with the mark of a block of code, which the next text may end. */
const OPEN_END =
  /(?:<[A-Za-z/!?][^<>]*|!\[[^\n]{0,300}|!|<|\\|\r|`+|(?<=^|\n)(?:[ \t]+`*| {0,3}(?:~{1,2}|`{3,}[^\n`]*|~{3,}[^\n]*)))$/;
/** Ends a line in Markdown too, where it would pass for a part of one here. */
const CARRIAGE_RETURN = /\r\n?/g;
/** Longest beginning that is held back, in characters. */
const HELD = 1_000;
const FENCE = /^( {0,3})(`{3,}(?!.*`)|~{3,})([^\n]*)$/;
const FENCE_BEGUN = /^[ \t]*(?:`{3}|~{3})/m;
/** Code within a line. */
const CODE = /((?<!`)(`+)(?!`)[^`]*(?<!`)\2(?!`))/;

/**
 * Takes from an answer what a page could be made to load or run: images of other hosts, raw HTML and invisible tag
 * characters. Code stays as it is. Takes the text piece by piece.
 */
export class Harmless {
  readonly #ownHost: string | undefined;
  /** The mark that ends the present block of code; '' outside. */
  #fence = '';
  /** Spaces before that mark: in a list, a line with fewer ends the block. */
  #indent = 0;
  /** Whether it is unknown where blocks of code begin and end. From there on nothing passes for one. */
  #lost = false;
  /** Whether the present paragraph holds an unpaired backtick. Behind it nobody can say where code ends. */
  #unpaired = false;
  #atLineStart = true;
  /** What came of the present line so far. */
  #begun = '';

  /** @param publicUrl images of its host stay */
  constructor(publicUrl: string) {
    this.#ownHost = URL.parse(publicUrl)?.host;
  }

  /** Returns how much of a text may be cut off and taken now. */
  static whereToCut(text: string, end: number): number {
    const open = OPEN_END.exec(text.slice(Math.max(0, end - HELD), end));
    return open === null || open[0].length >= HELD ? end : end - open[0].length;
  }

  next(text: string): string {
    if (text === '') return '';
    const lines = withoutTagCharacters(text)
      .replace(CARRIAGE_RETURN, '\n')
      .split(/(?<=\n)/);
    let [shown, prose] = ['', ''];
    const flush = () => {
      const clean = this.#prose(prose);
      // Behind a tag that is gone a mark may begin a line, and open what was not open before.
      this.#lost ||= FENCE_BEGUN.test(clean);
      shown += clean;
      prose = '';
    };
    for (const line of lines) {
      const mark = this.#atLineStart && !this.#lost ? FENCE.exec(line.trimEnd()) : null;
      if (this.#fence !== '' && this.#atLineStart && isBefore(line, this.#indent)) {
        [this.#fence, this.#lost] = ['', true];
        prose += line;
      } else if (this.#fence === '' && mark !== null && !line.endsWith('\n')) {
        // What is missing of the line may say that it opens nothing.
        this.#lost = true;
        prose += line;
      } else if (this.#fence === '' && mark !== null) {
        flush();
        if (this.#lost) prose += line;
        else {
          [this.#fence, this.#indent] = [mark[2] ?? '', mark[1]?.length ?? 0];
          shown += line;
        }
      } else if (this.#fence !== '') {
        shown += line;
        if (mark !== null && mark[3]?.trim() === '' && mark[2]?.startsWith(this.#fence)) this.#fence = '';
      } else {
        prose += line;
      }
      this.#atLineStart = line.endsWith('\n');
    }
    flush();
    return shown;
  }

  /** Cleans text outside blocks of code. */
  #prose(text: string): string {
    return text
      .split(/(?<=\n[ \t]*\n)/)
      .map((paragraph) => {
        const before = this.#begun;
        const sure = this.#unpaired ? '' : sureOf(paragraph, before);
        this.#begun = `${this.#begun}${paragraph}`.slice(-HELD).replace(/^[^]*\n/, '');
        const parts = sure.split(CODE);
        // split() gives: text, code, its mark, text, … What is around a code belongs together: a tag may begin before it.
        const rest = parts.filter((_, i) => i % 3 === 0).join('');
        const clean = parts.reduce((shown, part, i) => {
          if (i % 3 === 2) return shown;
          return shown + (i % 3 === 1 ? part : apart(shown || before, part, this.#clean(part)));
        }, '');
        const unsure = paragraph.slice(sure.length);
        const ends = /\n[ \t]*\n$/.test(paragraph);
        this.#unpaired = !ends && (this.#unpaired || unsure.includes('`') || rest.includes('`'));
        return clean + apart(clean || before, unsure, this.#clean(unsure));
      })
      .join('');
  }

  #clean(text: string): string {
    let cleaned = text;
    for (let before = ''; before !== cleaned; ) {
      before = cleaned;
      cleaned = cleaned
        .replace(IMAGE, (image, alt: string, address: string) => (this.#isOwn(address) ? image : alt))
        .replace(TAG, (tag) => (AUTOLINK.test(tag) ? tag : ''));
    }
    cleaned = cleaned.replace(TAG_BEGUN, (mark, at: number) =>
      AUTOLINK_HERE.test(cleaned.slice(at, at + 300)) ? mark : '',
    );
    cleaned = cleaned.replace(DEFINITION, '$1');
    cleaned = cleaned.replace(IMAGE_BEGUN, (mark, at: number) => {
      const image = new RegExp(IMAGE.source).exec(cleaned.slice(at, at + 2_000));
      return image?.index === 0 && this.#isOwn(image[2] ?? '') ? mark : '[';
    });
    // What was removed may have stood between two halves.
    return cleaned === text ? cleaned : cleaned.replace(/[<!]$/, '');
  }

  #isOwn(address: string): boolean {
    const plain = address.replace(/^<|>$/g, '');
    if (DISGUISE.test(plain)) return false;
    const url = URL.parse(plain, `https://${this.#ownHost ?? 'own.invalid'}/`);
    if (url === null || !/^https?:$/.test(url.protocol) || plain === '') return false;
    return url.host === (this.#ownHost ?? 'own.invalid');
  }
}

const AUTOLINK_HERE = /^(?:<(?:https?:\/\/|mailto:)[^\s<>]*>|<[^\s<>@]+@[^\s<>@]+>)/i;

/**
 * Returns the first lines of a paragraph in which code can be told from text. Behind a mark without its other half nobody can:
 * a heading or a list may stand between them. Nor where a backslash, the cell of a table or an address may take a mark from its pair.
 * @param begun what came of the first line before
 */
function sureOf(paragraph: string, begun: string): string {
  let sure = '';
  for (const line of paragraph.split(/(?<=\n)/)) {
    const whole = sure === '' ? begun + line : line;
    if (line.includes('`') && /\\`|\||(?:\/\/|www\.).*`/i.test(whole)) break;
    sure += line;
    if (line.split(CODE).some((part, i) => i % 3 === 0 && part.includes('`'))) break;
  }
  return sure;
}

/** Keeps marks of code apart that were not beside each other before a text was cleaned: together they make another mark. */
function apart(before: string, text: string, cleaned: string): string {
  if (cleaned === text) return cleaned;
  const begins = before.endsWith('`') && /^`|^$/.test(cleaned) ? ' ' : '';
  return `${begins}${cleaned}${cleaned.endsWith('`') ? ' ' : ''}`;
}

/** Says whether a line of text has fewer spaces before it than a number. */
function isBefore(line: string, indent: number): boolean {
  return line.trim() !== '' && line.length - line.trimStart().length < indent;
}
