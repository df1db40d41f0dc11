import type { Readable } from 'node:stream';
import { problem } from '../../../shared/base/errors.ts';

/** Bytes of an upload, after inflation. */
export const MAX_BYTES = 50 * 1024 * 1024;

/** An upload as text, piece by piece. Throws `body_too_large`, and `validation_failed` for what is not UTF-8. */
export async function* readText(bytes: Readable): AsyncGenerator<string> {
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  let read = 0;
  for await (const chunk of chunksOf(bytes)) {
    read += chunk.length;
    if (read > MAX_BYTES) throw tooLarge();
    yield decode(utf8, chunk);
  }
  yield decode(utf8);
}

export function tooLarge() {
  return problem('body_too_large', `The limit is ${MAX_BYTES} bytes`);
}

/** A connection that is destroyed could not carry the answer any more. */
async function* chunksOf(bytes: Readable): AsyncGenerator<Buffer> {
  try {
    yield* bytes.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } catch (err) {
    throw problem('bad_request', 'The body could not be read', { cause: err });
  }
}

function decode(
  utf8: { decode(chunk?: Buffer, options?: { stream: boolean }): string },
  chunk?: Buffer,
): string {
  try {
    return utf8.decode(chunk, { stream: chunk !== undefined });
  } catch {
    throw problem('validation_failed', 'The file is not UTF-8');
  }
}
