import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

export type Encryption = 'age' | 'gpg' | 'none';
export type Command = [string, ...string[]];

/** The file names' ends. */
export const SUFFIX: Record<Encryption, string> = { age: '.age', gpg: '.gpg', none: '' };

/** Returns how backups are encrypted. @throws Error where nobody said so */
export function encryption(): Encryption {
  if (said('BACKUP_AGE_RECIPIENT')) return 'age';
  if (said('BACKUP_GPG_RECIPIENT')) return 'gpg';
  if (process.env.BACKUP_PLAIN === 'yes') return 'none';
  throw new Error(
    'set BACKUP_AGE_RECIPIENT or BACKUP_GPG_RECIPIENT, or BACKUP_PLAIN=yes for backups that anybody can read',
  );
}

/** Returns the command that encrypts its input. */
export function encrypts(by: Encryption): Command {
  if (by === 'age') return ['age', '--encrypt', '--recipient', said('BACKUP_AGE_RECIPIENT')];
  if (by === 'gpg')
    return [
      'gpg',
      '--batch',
      '--quiet',
      '--trust-model',
      'always',
      '--encrypt',
      '--recipient',
      said('BACKUP_GPG_RECIPIENT'),
    ];
  return ['cat'];
}

/** Returns the command that decrypts its input. @throws Error where the private key is not here */
export function decrypts(by: Encryption): Command {
  if (by === 'none') return ['cat'];
  if (by === 'gpg') return ['gpg', '--batch', '--quiet', '--decrypt'];
  const identity = said('BACKUP_AGE_IDENTITY');
  if (!existsSync(identity)) throw new Error('BACKUP_AGE_IDENTITY must be the file of the private key');
  // The server's restore_command runs in another folder.
  return ['age', '--decrypt', '--identity', resolve(identity)];
}

/** Says whether this machine can read what was encrypted. For gpg only a try tells. */
export function canDecrypt(by: Encryption): boolean {
  return by !== 'age' || existsSync(said('BACKUP_AGE_IDENTITY'));
}

function said(name: string): string {
  return process.env[name]?.trim() ?? '';
}
