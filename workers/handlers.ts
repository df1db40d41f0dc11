import type { JobName } from '../shared/delivery/jobs.ts';
import type { Handler } from './work.ts';

/**
 * Loads the handler of each job, so that a process holds only those of its types. A job without a handler does not compile.
 * Gathered by `npm run write`. Do not edit.
 */
export const handlers: { [Name in JobName]: () => Promise<Handler<Name>> } = {
  moderation: async () => (await import('./moderation.ts')).moderation,
  context: async () => (await import('./context.ts')).context,
  completion: async () => (await import('./completion.ts')).completion,
  summary: async () => (await import('./summary.ts')).summary,
  embedding: async () => (await import('./embedding.ts')).embedding,
  webhook: async () => (await import('./webhook.ts')).webhook,
  faq_import: async () => (await import('./faqImport.ts')).faqImport,
  faq_suggestions: async () => (await import('./faqSuggestions.ts')).faqSuggestions,
  replay: async () => (await import('./replay.ts')).replay,
  analytics: async () => (await import('./analytics.ts')).analytics,
  export: async () => (await import('./export.ts')).export,
  erasure: async () => (await import('./erasure.ts')).erasure,
  notification: async () => (await import('./notification.ts')).notification,
  push: async () => (await import('./push.ts')).push,
  mail: async () => (await import('./mail.ts')).mail,
};
