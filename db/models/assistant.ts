import type { Knex } from 'knex';
import { isDeepStrictEqual } from 'node:util';
import { knex } from '../knex.ts';
import { row, rows } from '../sql.ts';
import type { Along } from './auditEntry.ts';
import { type Tables, FOR_GOOD, operators } from '../personalData.ts';

/** Content of an assistant's version. null: the environment's value. Texts by language have BCP 47 tags as keys. */
export type AssistantDefinition = {
  name: string;
  instructions: string;
  instructions_by_language: Record<string, string>;
  model: string | null;
  temperature: number | null;
  max_completion_tokens: number | null;
  history_limit: number | null;
  /** category_ids: null: all of the knowledge base. */
  knowledge: { enabled: boolean; category_ids: number[] | null };
  greeting: Record<string, string>;
  suggested_questions: Record<string, string[]>;
  /** after_unanswered: number of answers in a row without a passage. */
  handoff: { enabled: boolean; after_unanswered: number | null };
};
export type AssistantRef = { id: number; version: number };
export type AssistantVersion = AssistantRef & AssistantDefinition;
export type AssistantRow = AssistantVersion & {
  is_default: boolean;
  is_archived: boolean;
  created_at: Date;
  updated_at: Date;
};
type Stored<T> = Omit<T, keyof AssistantDefinition> & { definition: AssistantDefinition };

/** Fields to change. A change of `is_archived` makes no new version. */
export type AssistantChange = Partial<AssistantDefinition & { is_archived: boolean }>;
/** The default cannot be archived. An archived assistant cannot be changed or made the default. */
export type Conflict = 'is_default' | 'is_archived';

const current = `SELECT a.id, a.version, a.is_default, a.is_archived, a.created_at, a.updated_at, v.definition
  FROM assistants a JOIN assistant_versions v ON v.assistant_id = a.id AND v.version = a.version`;

export async function findAssistant(id: number): Promise<AssistantRow | undefined> {
  const found = await row<Stored<AssistantRow>>(`${current} WHERE a.id = :id`, { id });
  return found && flat(found);
}

/** Returns a page of assistants, archived ones included, oldest first. */
export async function listAssistants(limit: number, afterId: number): Promise<AssistantRow[]> {
  const found = await rows<Stored<AssistantRow>>(
    `${current} WHERE a.id > :afterId ORDER BY a.id LIMIT :limit`,
    {
      limit,
      afterId,
    },
  );
  return found.map(flat);
}

/** Public fields of an assistant. */
export type OfferedRow = Pick<
  AssistantRow,
  'id' | 'is_default' | 'name' | 'greeting' | 'suggested_questions'
>;

/** Returns a page of assistants that are not archived, oldest first. */
export function listOffered(limit: number, afterId: number): Promise<OfferedRow[]> {
  return rows(
    `SELECT a.id, a.is_default, v.definition ->> 'name' AS name, v.definition -> 'greeting' AS greeting,
       v.definition -> 'suggested_questions' AS suggested_questions
     FROM assistants a JOIN assistant_versions v ON v.assistant_id = a.id AND v.version = a.version
     WHERE a.id > :afterId AND NOT a.is_archived ORDER BY a.id LIMIT :limit`,
    { limit, afterId },
  );
}

export type VersionRow = AssistantVersion & { created_at: Date };

/** Returns a page of an assistant's versions, newest first. @param before end of the page before; null for the first */
export async function listAssistantVersions(
  id: number,
  limit: number,
  before: number | null,
): Promise<VersionRow[]> {
  const found = await rows<Stored<VersionRow>>(
    `SELECT assistant_id AS id, version, created_at, definition FROM assistant_versions
     WHERE assistant_id = :id AND (CAST(:before AS integer) IS NULL OR version < :before)
     ORDER BY version DESC LIMIT :limit`,
    { id, limit, before },
  );
  return found.map(flat);
}

/** Adds an assistant with its first version. */
export function addAssistant(definition: AssistantDefinition, along: Along): Promise<AssistantRow> {
  return alone(async (trx) => {
    const id = await insert(trx, definition, false);
    await along(id, trx);
    return reread(trx, id);
  });
}

/** Stores the given fields as a new version, if any differs. Returns undefined without such an assistant. */
export function changeAssistant(
  id: number,
  { is_archived, ...fields }: AssistantChange,
  along: Along,
): Promise<AssistantRow | Conflict | undefined> {
  return alone(async (trx) => {
    if (!(await isThere(trx, id))) return undefined;
    const before = await reread(trx, id);
    if (is_archived === true && before.is_default) return 'is_default';
    if (before.is_archived && is_archived !== false) return is_archived ? before : 'is_archived';

    const definition = definitionOf(before);
    const changed = { ...definition, ...fields };
    const version = before.version + (isDeepStrictEqual(changed, definition) ? 0 : 1);
    if (version > before.version) await addVersion(trx, { id, version }, changed);
    await trx('assistants')
      .where({ id })
      .update({ version, is_archived: is_archived ?? before.is_archived, updated_at: knex.fn.now() });
    await along(id, trx);
    return reread(trx, id);
  });
}

/** Makes an assistant the default instead of the present one. */
export function makeDefault(id: number, along: Along): Promise<AssistantRow | Conflict | undefined> {
  return alone(async (trx) => {
    if (!(await isThere(trx, id))) return undefined;
    const assistant = await reread(trx, id);
    if (assistant.is_default) return assistant;
    if (assistant.is_archived) return 'is_archived';
    await trx('assistants').where({ is_default: true }).update({ is_default: false });
    await trx('assistants').where({ id }).update({ is_default: true, updated_at: knex.fn.now() });
    await along(id, trx);
    return reread(trx, id);
  });
}

/** Adds the default if there is none, in the caller's transaction. Returns whether it was added. */
export async function addDefault(definition: AssistantDefinition, trx: Knex): Promise<boolean> {
  await trx.raw(LOCK);
  if ((await trx('assistants').where({ is_default: true }).first('id')) !== undefined) return false;
  await insert(trx, definition, true);
  return true;
}

const LOCK = 'LOCK TABLE assistants IN SHARE ROW EXCLUSIVE MODE';

/** Runs writes one at a time. Reads do not wait. */
function alone<T>(write: (trx: Knex) => Promise<T>): Promise<T> {
  return knex.transaction(async (trx) => {
    await trx.raw(LOCK);
    return write(trx);
  });
}

async function insert(trx: Knex, definition: AssistantDefinition, is_default: boolean): Promise<number> {
  const [{ id }] = (await trx('assistants').insert({ is_default }).returning('id')) as [{ id: number }];
  await addVersion(trx, { id, version: 1 }, definition);
  return id;
}

async function addVersion(
  trx: Knex,
  { id, version }: AssistantRef,
  definition: AssistantDefinition,
): Promise<void> {
  const stored = JSON.stringify(definition);
  await trx('assistant_versions').insert({ assistant_id: id, version, definition: stored });
}

async function isThere(trx: Knex, id: number): Promise<boolean> {
  return (await trx('assistants').where({ id }).first('id')) !== undefined;
}

async function reread(trx: Knex, id: number): Promise<AssistantRow> {
  const { rows } = (await trx.raw(`${current} WHERE a.id = ?`, [id])) as { rows: [Stored<AssistantRow>] };
  return flat(rows[0]);
}

function flat<T extends { definition: AssistantDefinition }>({ definition, ...rest }: T) {
  return { ...rest, ...definition };
}

function definitionOf({
  id: _id,
  version: _version,
  is_default: _default,
  is_archived: _archived,
  created_at: _created,
  updated_at: _updated,
  ...definition
}: AssistantRow): AssistantDefinition {
  return definition;
}

export const tables: Tables = {
  assistants: {
    purpose: 'what answers',
    kept: FOR_GOOD,
    bound: operators('what administrators made'),
    erased: 'none',
    columns: { technical: 'id version is_default is_archived created_at updated_at' },
  },
  assistant_versions: {
    purpose: 'what answers, as it was',
    kept: FOR_GOOD,
    bound: operators('one for each change'),
    erased: 'none',
    columns: { technical: 'assistant_id version definition created_at' },
  },
};
