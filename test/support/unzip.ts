import { text } from 'node:stream/consumers';
import { fromBuffer, type ZipFile } from 'yauzl';

/** Reads an archive with another library than the one that writes it. */
export async function unzip(bytes: Buffer): Promise<Record<string, string>> {
  const zip = await new Promise<ZipFile>((resolve, reject) =>
    fromBuffer(bytes, { lazyEntries: false, autoClose: false }, (err, opened) =>
      err ? reject(err) : resolve(opened),
    ),
  );
  const files: Promise<[string, string]>[] = [];
  zip.on('entry', (entry) =>
    files.push(
      new Promise((resolve, reject) =>
        zip.openReadStream(entry, (err, stream) =>
          err ? reject(err) : resolve(text(stream).then((read) => [entry.fileName as string, read])),
        ),
      ),
    ),
  );
  await new Promise((resolve) => zip.on('end', resolve));
  return Object.fromEntries(await Promise.all(files));
}
