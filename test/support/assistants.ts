import {
  addAssistant,
  type AssistantDefinition,
  type AssistantRow,
  changeAssistant,
  makeDefault,
} from '../../db/models/assistant.ts';
import { knex } from '../../db/knex.ts';
import { defaultAssistant } from '../../db/seeds/assistants.ts';

/** An assistant that answers as the engine does, but for the fields given. */
export function buildAssistant(fields: Partial<AssistantDefinition> = {}): Promise<AssistantRow> {
  return addAssistant({ ...defaultAssistant, ...fields }, async () => {});
}

/** An assistant with versions 1 to `count`, whose instructions are `Version N.` */
export async function buildVersions(count: number): Promise<AssistantRow> {
  let assistant = await buildAssistant({ instructions: 'Version 1.' });
  for (let version = 2; version <= count; version += 1) {
    const fields = { instructions: `Version ${version}.` };
    const changed = await changeAssistant(assistant.id, fields, async () => {});
    if (changed === undefined || typeof changed === 'string') throw new Error(String(changed));
    assistant = changed;
  }
  return assistant;
}

/** An assistant, made the default. Call `forgetAssistants` in `after`: other tests count on there being none. */
export async function buildDefault(fields: Partial<AssistantDefinition> = {}): Promise<AssistantRow> {
  const { id } = await buildAssistant(fields);
  const made = await makeDefault(id, async () => {});
  if (made === undefined || typeof made === 'string') throw new Error(String(made));
  return made;
}

/** Leaves no assistants behind, as on an installation that was never seeded. */
export async function forgetAssistants(): Promise<void> {
  await knex.raw('TRUNCATE assistants, assistant_versions');
}
