import { problem } from '../../base/errors.ts';

/** Turns the next bytes into text; without bytes, returns the rest. @throws Problem `validation_failed` if they are not text */
export type Decode = (bytes?: Buffer) => string;

/** How many bytes decide the encoding: those of a byte order mark, or of a character in UTF-8. */
export const ENOUGH = 4;

const MARKS: [label: string, mark: Buffer][] = [
  ['utf-8', Buffer.from([0xef, 0xbb, 0xbf])],
  ['utf-16le', Buffer.from([0xff, 0xfe])],
  ['utf-16be', Buffer.from([0xfe, 0xff])],
];
/** The first bytes of an .xlsx file. */
const ZIP = Buffer.from('PK\u0003\u0004', 'latin1');

/**
 * Chooses a decoder by a file's first bytes: by its byte order mark, or else for the encoding `named`.
 * @returns undefined without a mark if `named` is `any`
 * @throws Problem validation_failed for a workbook, and for an encoding that does not exist
 */
export function beginsAs(bytes: Buffer, named: string): Decode | undefined {
  const begins = (mark: Buffer) => bytes.subarray(0, mark.length).equals(mark);
  if (begins(ZIP))
    throw problem('validation_failed', 'The file must be CSV, not a workbook or another ZIP: save it as CSV');
  const marked = MARKS.find(([, mark]) => begins(mark));
  if (marked !== undefined) return decoding(marked[0]);
  return named === 'any' ? undefined : decoding(named);
}

/**
 * Chooses a decoder by the first character beyond ASCII of a file without a mark: UTF-8 if the character is valid UTF-8,
 * else Windows-1252, as Excel on Windows saves CSV. A file that is neither throughout is refused later.
 */
export function goesOnAs(bytes: Buffer): Decode {
  const [first = 0] = bytes;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length));
    return decoding('utf-8');
  } catch {
    return decoding('windows-1252');
  }
}

/** Returns the decoder of an encoding. @throws Problem `validation_failed` for an encoding that does not exist */
export function decoding(label: string): Decode {
  const decoder = decoderOf(label);
  return (bytes) => {
    try {
      const text = decoder.decode(bytes, { stream: bytes !== undefined });
      if (decoder.encoding === 'utf-8' || !CONTROL.test(text)) return text;
    } catch {}
    const also = decoder.encoding === 'utf-8' ? '' : ` and not ${decoder.encoding}`;
    throw problem('validation_failed', `The file is not UTF-8${also}`);
  };
}

/** Characters that no text file has. Windows-1252 has a character for every byte, so only these tell a picture from a text. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/;

function decoderOf(label: string) {
  try {
    return new TextDecoder(label, { fatal: true });
  } catch {
    throw problem('validation_failed', 'The charset must be an encoding that browsers know');
  }
}
