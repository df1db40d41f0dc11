import { Lexer, type Token } from 'marked';

export type Block = { raw: string; token: Token };

/** Longer texts and lines are shown as they are: the lexer's time grows faster than its text. */
const MAX_TEXT = 60_000;
const MAX_LINE = 5_000;
/** The last blocks may still change while a text grows: a paragraph becomes a heading, a list goes on. */
const OPEN_BLOCKS = 2;

/**
 * Reads markdown into blocks. A growing text is read from its last blocks on; a block that is done stays the same object, so
 * that a view of it need not be drawn again. Nothing here makes HTML.
 */
export class Blocks {
  #done: Block[] = [];
  #read = '';

  /** Returns the blocks of a text. Fastest when it begins with the text before. */
  of(text: string): Block[] {
    const clean = text.replaceAll(OVERRIDES, '');
    if (!isReadable(clean)) return [plain(clean)];
    if (!clean.startsWith(this.#read)) {
      this.#done = [];
      this.#read = '';
    }
    const open = lex(clean.slice(this.#read.length));
    const settled = open.slice(0, Math.max(0, open.length - OPEN_BLOCKS));
    this.#done = [...this.#done, ...settled];
    this.#read += settled.map(({ raw }) => raw).join('');
    return [...this.#done, ...open.slice(settled.length)];
  }
}

/** Characters that turn the direction of writing: they can make a text read as another. */
const OVERRIDES = /[\u202A-\u202E\u2066-\u2069]/g;

function isReadable(text: string): boolean {
  return text.length <= MAX_TEXT && !text.split('\n').some((line) => line.length > MAX_LINE);
}

function lex(text: string): Block[] {
  try {
    return new Lexer({ gfm: true, breaks: true }).lex(text).map((token) => ({ raw: token.raw, token }));
  } catch {
    // Too deep for the lexer.
    return [plain(text)];
  }
}

function plain(text: string): Block {
  return { raw: text, token: { type: 'text', raw: text, text } as Token };
}

const PROTOCOLS = ['http:', 'https:', 'mailto:'];

/** Returns the address of a link that may be followed; undefined for scripts, data and addresses within this site. */
export function safeHref(href: string): string | undefined {
  const url = URL.parse(href.replaceAll('&amp;', '&'));
  return url !== null && PROTOCOLS.includes(url.protocol) ? url.href : undefined;
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };

/** Reads the entities that a model writes. The result is text, never HTML. */
export function unescaped(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{2,4}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[String(name).toLowerCase()] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
      ? String.fromCodePoint(code)
      : whole;
  });
}
