import { count, id, named, object, oneOf } from '../../docs/schema.ts';

/** What the sockets of somebody who imports FAQs are told, by the name of the event. It is in no run's log. */
export const importEvents = {
  'faq.import': named(
    'FaqImport',
    object({
      import_id: id,
      status: oneOf('in_progress', 'completed', 'failed'),
      total: count,
      processed: count,
      imported: count,
      failed: count,
    }),
    { import_id: 3, status: 'in_progress', total: 1_200, processed: 500, imported: 498, failed: 2 },
  ),
};
