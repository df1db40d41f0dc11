import type { Job } from 'bullmq';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { redis, untilReady } from '../../shared/delivery/redis.ts';
import { faqImport } from '../../workers/faqImport.ts';
import type { Answer, Api } from './api.ts';
import { type BuiltUser, buildUser } from './factories.ts';
import { serveWeb } from './web.ts';

/**
 * Registers hooks of the present suite: they serve the API, and empty the knowledge base before each test.
 * @param begun gets the API and an agent before the first test
 */
export function serveImports(begun: (both: { api: Api; agent: BuiltUser }) => void): void {
  let api: Api;
  before(async () => {
    await untilReady(redis);
    api = await serveWeb();
    begun({ api, agent: await buildUser({ role: 'agent' }) });
  });
  after(() => api.close());
  beforeEach(() => knex.raw('TRUNCATE faqs, faq_categories, faq_imports CASCADE'));
}

/** Works the job of an import. */
export function workImport(import_id: unknown): Promise<void> {
  return faqImport({ data: { import_id }, attemptsMade: 0 } as unknown as Job<{ import_id: number }>);
}

/** Has an editor upload, runs the job, and returns the import. */
export async function bringImport(
  api: Api,
  { access: token }: BuiltUser,
  body: unknown,
  { type = 'text/csv', query = '', headers = {} } = {},
): Promise<Answer['body']> {
  const taken = await api.call('POST', `/faqs/import${query}`, body, {
    token,
    headers: { 'content-type': type, ...headers },
  });
  expect(taken.status, JSON.stringify(taken.body)).to.equal(202);
  await workImport(taken.body.import_id);
  return (await api.call('GET', `/faqs/imports/${taken.body.import_id}`, undefined, { token })).body;
}
