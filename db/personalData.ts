/**
 * What a model says of its tables: every column, what it is, why it is kept and for how long, what bounds the table, and how it is
 * exported and erased. Each model exports `tables`; `npm run write` gathers them in shared/privacy/tables.ts.
 */
export type Tables = Record<string, TableOfData>;

export type TableOfData = {
  /** Why the rows exist. */
  purpose: string;
  /** How long a row is kept where nobody is erased. */
  kept: string;
  /** What keeps the table from growing without end. */
  bound: Bound;
  /**
   * What an erasure does. `account`: rows whose `owner` column is the account go. `cascade`: rows go with the rows that they
   * belong to. `unlinked`: the row stays and no longer names the account. `redacted`: see the audit log. `none`: nothing in it is
   * about a user.
   */
  erased: 'account' | 'cascade' | 'unlinked' | 'redacted' | 'none';
  /** The column with the account's id; of `account` only. */
  owner?: string;
  /**
   * The column with a secret that the application encrypts (shared/base/secretBox.ts): its rows' id, and the column that a
   * label ends with. newest: the row of the greatest id alone is opened.
   */
  sealed?: { column: string; id: string; label: string; prefix: string; newest?: true };
  /** The file of an export; absent: not exported. */
  exported?: string;
  /** Columns by what they are. */
  columns: Partial<Record<ColumnKind, string>>;
};

/**
 * use: the table grows with what people do; housekeeping or a limit bounds it. time: a few rows a day. operators: as large as
 * what administrators and editors made, or what there are models for.
 */
type Bound = { grows: 'use' | 'time' | 'operators'; by: string };

/**
 * identity: says who somebody is. content: what somebody wrote or was told. behaviour: what somebody did, when and from where.
 * link: names a row. secret: never exported, because it proves who somebody is or names an erased account. technical: what the
 * engine needs to go on.
 */
export type ColumnKind = 'identity' | 'content' | 'behaviour' | 'link' | 'secret' | 'technical';

export const use = (by: string): Bound => ({ grows: 'use', by });
export const time = (by: string): Bound => ({ grows: 'time', by });
export const operators = (by: string): Bound => ({ grows: 'operators', by });

export const WITH_MESSAGES = 'RETENTION_MESSAGES_DAYS; unset: as many as messages';
export const WITH_ACCOUNTS = 'one or a few for each account';
export const WITH_ACCOUNT = 'as long as the account';
export const WITH_CONVERSATION = 'as long as the conversation';
export const FOR_GOOD = 'until somebody deletes it';
export const AS_MESSAGES = 'RETENTION_MESSAGES_DAYS; unset: until erasure';
export const AS_AUDIT = 'RETENTION_AUDIT_DAYS; unset: for good';
