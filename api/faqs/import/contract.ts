import { Type } from 'typebox';
import { contract, json, other } from '../../contract/contract.ts';
import { count, flag, id, slug, text, time } from '../../contract/fields.ts';
import { location } from '../../middleware/headers.ts';
import { closed, defaulted, named, oneOf, orNull, presenter } from '../../contract/schema.ts';
import { MAX_LINE } from '../../../shared/knowledge/import/json.ts';
import { faqFilter, newFaq } from '../contract.ts';

const progress = { total: count, processed: count, imported: count, failed: count };

/** The progress of an import, and what is wrong with the lines that it could not take. */
const faqImport = Type.Object({
  import_id: id,
  status: oneOf('receiving', 'queued', 'in_progress', 'completed', 'failed'),
  all_or_nothing: flag,
  ...progress,
  errors: Type.Array(
    Type.Object({ line: count, errors: Type.Array(Type.Object({ path: text, message: text })) }),
  ),
  created_at: time,
  completed_at: orNull(time),
});
export const presentImport = presenter(faqImport);

/** One FAQ of an import: the fields of a new FAQ, its category's slug, and where it stands in a file that people know. */
export const importItem = closed({
  ...newFaq,
  category: Type.Optional(slug),
  line: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_LINE })),
});

export const faqImportContract = contract('Knowledge base', {
  'POST /api/v1/faqs/import': {
    who: 'editors',
    summary: 'Import FAQs',
    detail:
      'For administrators and agents. Send a JSON array of new FAQs, with `category` (a slug) or `category_id`, or CSV with a header line: ' +
      '`question`, `answer`, `category`, `keywords` with `|` between them (`\\|` is a `|` of a keyword), `language`, `status`, ' +
      '`priority`, `slug`, `meta_title`, `meta_description`. Up to 50 MB and 100,000 FAQs. CSV may be as spreadsheets write it: separated by commas, ' +
      'semicolons or tabs, or by the character that a first line `sep=;` names; in UTF-8, in UTF-16 with a byte order mark, else in Windows-1252 or the ' +
      '`charset` of the content type. Blank lines and columns do not count. If the content type is neither JSON nor CSV, the first character decides; XML, forms and the like are refused (`unsupported_media`). ' +
      'Faults name the line of CSV, and of JSON the ' +
      'item’s place, or the `line` that the item names: greater than that of the item before. The import runs in the background, and `faq.import` events report its progress to your sockets. `all_or_nothing`: with one fault nothing is imported.',
    query: closed({ all_or_nothing: defaulted(Type.Boolean(), false) }),
    answers: {
      202: json('Taken', Type.Object({ import_id: id, status: oneOf('queued') }), { Location: location }),
    },
    problems: [
      'validation_failed',
      'malformed_json',
      'body_too_large',
      'unsupported_media',
      'unsupported_encoding',
      'bad_request',
      'rate_limited',
    ],
  },
  'GET /api/v1/faqs/imports/:id': {
    who: 'editors',
    summary: 'The progress of an import',
    detail: 'Your own imports only. `errors` shows the first 1,000 lines that were not imported, and why.',
    answers: { 200: json('The import', faqImport) },
  },
  'GET /api/v1/faqs/export': {
    who: 'editors',
    summary: 'Export FAQs',
    detail:
      'For administrators and agents: CSV that can be imported again, in UTF-8 with a byte order mark. Excel expects the `separator` of the country ' +
      'that Windows is set to. Two exports at a time.',
    query: closed({ ...faqFilter, separator: defaulted(oneOf('comma', 'semicolon', 'tab'), 'comma') }),
    answers: { 200: other('The FAQs', 'text/csv') },
    problems: ['rate_limited'],
  },
});

/** The events of an import, by name, to the sockets of the user who imports. They are in no run's log. */
export const importEvents = {
  'faq.import': named(
    'FaqImport',
    Type.Object({ import_id: id, status: oneOf('in_progress', 'completed', 'failed'), ...progress }),
    { import_id: 3, status: 'in_progress', total: 1_200, processed: 500, imported: 498, failed: 2 },
  ),
};
