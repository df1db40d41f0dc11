import {
  addAssistant,
  type AssistantRow,
  changeAssistant,
  type Conflict,
  findAssistant,
  listAssistants,
  listAssistantVersions,
  listOffered,
  makeDefault,
  type OfferedRow,
} from '../../db/models/assistant.ts';
import { checkDefinition } from '../../shared/assistants/check.ts';
import { tryAssistant } from '../../shared/prompt/tryAssistant.ts';
import { found, problem } from '../../shared/base/errors.ts';
import { inLanguage } from '../../shared/texts/textIn.ts';
import { note } from '../audit/note.ts';
import { pageOf } from '../contract/page.ts';
import { serve } from '../contract/serve.ts';
import { limitSearches } from '../middleware/limit-searches.ts';
import { pathId } from '../middleware/ctx.ts';
import { publicPath } from '../middleware/origin.ts';
import { assistantContract, presentAssistant, presentOffered, presentVersion } from './contract.ts';

export const assistants = serve(assistantContract, {
  'GET /api/v1/assistants': async (ctx) => {
    const { all } = ctx.state.query;
    const { role, language } = ctx.state.user;
    if (all && role !== 'admin') throw problem('forbidden');
    const list = all ? 'assistants-all' : 'assistants';
    ctx.body = all
      ? await pageOf(ctx.state.query, {
          list,
          by: ['id'],
          find: (limit, after) => listAssistants(limit, after?.id ?? 0),
          present: presentAssistant,
        })
      : await pageOf(ctx.state.query, {
          list,
          by: ['id'],
          find: (limit, after) => listOffered(limit, after?.id ?? 0),
          present: (assistant) => offer(assistant, language),
        });
  },

  'POST /api/v1/assistants': async (ctx) => {
    await checkDefinition(ctx.state.body);
    const added = await addAssistant(ctx.state.body, note(ctx, 'assistant.created'));
    ctx.set('Location', publicPath(`/api/v1/assistants/${added.id}`));
    ctx.body = presentAssistant(added);
  },

  'GET /api/v1/assistants/:id': async (ctx) => {
    ctx.body = presentAssistant(found(await findAssistant(pathId(ctx))));
  },

  'PUT /api/v1/assistants/:id': async (ctx) => {
    const change = ctx.state.body;
    await checkDefinition(change);
    const along = note(ctx, 'assistant.updated', { details: { fields: Object.keys(change) } });
    ctx.body = presentAssistant(allowed(await changeAssistant(pathId(ctx), change, along)));
  },

  'DELETE /api/v1/assistants/:id': async (ctx) => {
    const along = note(ctx, 'assistant.archived');
    allowed(await changeAssistant(pathId(ctx), { is_archived: true }, along));
  },

  'GET /api/v1/assistants/:id/versions': async (ctx) => {
    const { id } = found(await findAssistant(pathId(ctx)));
    ctx.body = await pageOf(ctx.state.query, {
      list: 'assistant-versions',
      by: ['version'],
      find: (limit, after) => listAssistantVersions(id, limit, after?.version ?? null),
      present: presentVersion,
    });
  },

  'POST /api/v1/assistants/:id/default': async (ctx) => {
    allowed(await makeDefault(pathId(ctx), note(ctx, 'assistant.made_default')));
  },

  'POST /api/v1/assistants/:id/try': [
    limitSearches,
    async (ctx) => {
      const { content, answer, changes = {}, language = ctx.state.user.language } = ctx.state.body;
      await checkDefinition(changes);
      const assistant = found(await findAssistant(pathId(ctx)));
      const trial = { user_id: ctx.state.user.id, question: content, language, answered: answer };
      const left = new AbortController();
      ctx.res.once('close', () => left.abort());
      ctx.body = await tryAssistant({ ...assistant, ...changes }, trial, left.signal);
    },
  ],
});

function offer(assistant: OfferedRow, language: string) {
  const { greeting, suggested_questions } = assistant;
  return presentOffered({
    ...assistant,
    greeting: inLanguage(greeting, language) ?? greeting.en ?? null,
    suggested_questions: inLanguage(suggested_questions, language) ?? suggested_questions.en ?? [],
  });
}

const CONFLICTS: Record<Conflict, string> = {
  is_default: 'The default assistant cannot be archived: make another one the default first',
  is_archived: 'This assistant is archived: set is_archived to false first',
};

/** Returns the written row. @throws Problem `not_found`, `conflict` */
function allowed(result: AssistantRow | Conflict | undefined): AssistantRow {
  const written = found(result);
  if (typeof written === 'string') throw problem('conflict', CONFLICTS[written]);
  return written;
}
