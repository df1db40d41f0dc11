import { withoutTagCharacters } from '../../shared/prompt/escape.ts';

/** A tag of raw HTML, a comment or a declaration, whole. */
const TAG = /<[A-Za-z/!?][^<>]*>/g;
/** What Markdown makes a link of: <https://…>, <mailto:…>, <name@host>. */
const AUTOLINK = /^<(?:https?:\/\/|mailto:)[^\s<>]*>$|^<[^\s<>@]+@[^\s<>@]+>$/i;
/** The beginning of a tag without an end. */
const TAG_BEGUN = /<(?=[A-Za-z/!?])/g;
/** An image of one line with its address beside it. */
const IMAGE = /!\[((?:\\.|[^\\[\]\n])*)\]\(\s*(<[^<>\n]*>|[^\s()<>]*)[^()\n]*\)/g;
/** The beginning of any other image. A citation after an exclamation mark is not an image. */
const IMAGE_BEGUN = /!\[(?!\d+(?:\s*[,;]\s*\d+)*\](?![([:]))/g;
/** The definition of an address that an image elsewhere may use. */
const DEFINITION = /^( {0,3}\[[^\]\n]+\]):/gm;
/** The beginning of a tag or an image that the next text may end. */
const OPEN_END = /(?:<[A-Za-z/!?][^<>]*|!\[[^\n]{0,300}|!|<)$/;
/** Longest beginning that is held back, in characters. */
const HELD = 1_000;
const FENCE = /^ {0,3}(`{3,}|~{3,})([^\n]*)$/;

/**
 * Takes from an answer what a page could be made to load or run: images of other hosts, raw HTML and invisible tag
 * characters. Code stays as it is. Takes the text piece by piece.
 */
export class Harmless {
  readonly #ownHost: string | undefined;
  /** The mark that ends the present block of code; '' outside. */
  #fence = '';
  /** Whether the present paragraph holds an unpaired backtick. Behind it nobody can say where code ends. */
  #unpaired = false;
  #atLineStart = true;

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
    const lines = withoutTagCharacters(text).split(/(?<=\n)/);
    let [shown, prose] = ['', ''];
    const flush = () => {
      shown += this.#prose(prose);
      prose = '';
    };
    for (const line of lines) {
      const mark = this.#atLineStart ? FENCE.exec(line.trimEnd()) : null;
      if (this.#fence === '' && mark !== null && !mark[2]?.includes('`')) {
        flush();
        this.#fence = mark[1] ?? '';
        shown += line;
      } else if (this.#fence !== '') {
        shown += line;
        if (mark !== null && mark[2]?.trim() === '' && mark[1]?.startsWith(this.#fence)) this.#fence = '';
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
        const parts = this.#unpaired ? [paragraph] : paragraph.split(/((?<!`)(`+)(?!`)[^`]*(?<!`)\2(?!`))/);
        // split() gives: text, code, its mark, text, …
        const clean = parts
          .map((part, i) => (i % 3 === 1 ? part : i % 3 === 2 ? '' : this.#clean(part)))
          .join('');
        const rest = parts.filter((_, i) => i % 3 === 0).join('');
        this.#unpaired = !/\n[ \t]*\n$/.test(paragraph) && (this.#unpaired || rest.includes('`'));
        return clean;
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
    const url = URL.parse(plain, `https://${this.#ownHost ?? 'own.invalid'}/`);
    if (url === null || !/^https?:$/.test(url.protocol) || plain === '') return false;
    return url.host === (this.#ownHost ?? 'own.invalid');
  }
}

const AUTOLINK_HERE = /^(?:<(?:https?:\/\/|mailto:)[^\s<>]*>|<[^\s<>@]+@[^\s<>@]+>)/i;
