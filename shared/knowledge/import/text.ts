import type { Readable } from 'node:stream';
import { problem } from '../../base/errors.ts';
import { beginsAs, decoding, ENOUGH, goesOnAs } from './encoding.ts';

/** The most bytes of an upload, after inflation. */
export const MAX_BYTES = 50 * 1024 * 1024;

/**
 * Reads an upload as text, piece by piece.
 * @param encoding `utf-8`: UTF-8 only. `any`: UTF-8, or what spreadsheets write (see `beginsAs`). Another name: that
 * encoding, unless there is a byte order mark
 * @throws Problem `body_too_large`; `validation_failed` for bytes that are not text in these encodings
 */
export async function* readText(bytes: Readable, encoding: string): AsyncGenerator<string> {
  let decode = encoding === 'utf-8' ? decoding(encoding) : undefined;
  let [read, begun, held]: [number, boolean, Buffer] = [0, false, Buffer.alloc(0)];
  for await (const chunk of chunksOf(bytes)) {
    read += chunk.length;
    if (read > MAX_BYTES) throw tooLarge();
    held = Buffer.concat([held, chunk]);
    if (!begun) {
      if (held.length < ENOUGH) continue;
      begun = true;
      decode ??= beginsAs(held, encoding);
    }
    if (decode === undefined) {
      const ascii = asciiLength(held);
      yield held.toString('latin1', 0, ascii);
      held = held.subarray(ascii);
      if (held.length < ENOUGH) continue;
      decode = goesOnAs(held);
    }
    yield decode(held);
    held = Buffer.alloc(0);
  }
  decode ??= (begun ? undefined : beginsAs(held, encoding)) ?? goesOnAs(held.subarray(asciiLength(held)));
  yield decode(held) + decode();
}

export function tooLarge() {
  return problem('body_too_large', `The limit is ${MAX_BYTES} bytes`);
}

/** Yields the chunks without destroying the stream at the end: a destroyed connection could not carry the answer. */
async function* chunksOf(bytes: Readable): AsyncGenerator<Buffer> {
  try {
    yield* bytes.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } catch (err) {
    throw problem('bad_request', 'The body could not be read', { cause: err });
  }
}

function asciiLength(bytes: Buffer): number {
  const first = bytes.findIndex((byte) => byte > 0x7f);
  return first === -1 ? bytes.length : first;
}
