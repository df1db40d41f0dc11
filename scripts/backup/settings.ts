import { join } from 'node:path';

/** The settings of backups, read when they are asked for. @throws Error that names what is missing */
export const settings = {
  get databaseUrl() {
    return required('DATABASE_URL');
  },
  get replicationUrl() {
    return required('BACKUP_REPLICATION_URL');
  },
  get replicates() {
    return (process.env.BACKUP_REPLICATION_URL ?? '') !== '';
  },
  get dir() {
    return required('BACKUP_DIR');
  },
  get scratch() {
    return process.env.BACKUP_SCRATCH || join(settings.dir, 'scratch');
  },
  get keepDays() {
    return number('BACKUP_KEEP_DAYS', 14);
  },
  get keepWeeks() {
    return number('BACKUP_KEEP_WEEKS', 8);
  },
  get everyHours() {
    return number('BACKUP_EVERY_H', 24);
  },
  get baseEveryDays() {
    return number('BACKUP_BASE_EVERY_D', 7);
  },
};

function required(name: string): string {
  const value = process.env[name]?.trim() ?? '';
  if (value === '') throw new Error(`${name} is not set`);
  return value;
}

function number(name: string, fallback: number): number {
  const value = Number(process.env[name]?.trim() || fallback);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`${name} must be a number above 0`);
}
