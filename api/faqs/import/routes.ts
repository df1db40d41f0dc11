import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import Router from '@koa/router';
import { knex } from '../../../db/knex.ts';
import { exportFaqs } from '../../../db/models/faqExport.ts';
import { findImport, importErrors } from '../../../db/models/faqImport.ts';
import { enqueueImport } from '../../../shared/enqueue.ts';
import { problem } from '../../../shared/errors.ts';
import { log } from '../../../shared/log.ts';
import { note } from '../../audit/note.ts';
import type { RouteContext, State } from '../../context.ts';
import { auth, requireRole } from '../../middleware/auth.ts';
import { withBody } from '../../middleware/body.ts';
import { pathId } from '../../middleware/ids.ts';
import { queryOf, validateQuery } from '../../middleware/validate.ts';
import { exportQuery, importQuery } from '../schemas.ts';
import { COLUMNS, joinKeywords } from './csv.ts';
import { charsetOf, formatOf } from './format.ts';
import { presentImport } from './presenter.ts';
import { receiveImport } from './receive.ts';
import { MAX_BYTES, tooLarge } from './text.ts';
import { publicPath } from '../../public.ts';

export const faqImportRoutes = new Router<State>({ prefix: '/faqs' });
const editor = requireRole('admin', 'agent');

/** Excel expects the one of the country that Windows is set to. */
const SEPARATORS = { comma: ',', semicolon: ';', tab: '\t' };
/** Lines whose faults are shown; how many there are stands in `failed`. */
const MAX_ERRORS = 1_000;

faqImportRoutes.post('/import', auth, editor, validateQuery(importQuery), async (ctx: RouteContext) => {
  const allOrNothing = queryOf(ctx, importQuery).all_or_nothing;
  if ((ctx.request.length ?? 0) > MAX_BYTES) throw tooLarge();
  const import_id = await withBody(ctx.req, (bytes) =>
    receiveImport(ctx.state.user.id, bytes, {
      format: formatOf(ctx.request.type),
      charset: charsetOf(ctx.request.charset),
      allOrNothing,
      along: note(ctx, 'faq_import.submitted'),
    }),
  );
  enqueueImport(import_id).catch((err: unknown) => log.warn({ err, import_id }, 'left to the reconciler'));
  ctx.status = 202;
  ctx.set('Location', publicPath(`/api/v1/faqs/imports/${import_id}`));
  ctx.body = { import_id, status: 'queued' };
});

faqImportRoutes.get('/imports/:id', auth, editor, async (ctx: RouteContext) => {
  const found = await findImport(pathId(ctx), ctx.state.user.id);
  if (found === null) throw problem('not_found');
  ctx.body = presentImport(found, await importErrors(found.id, MAX_ERRORS));
});

faqImportRoutes.get('/export', auth, editor, validateQuery(exportQuery), async (ctx: RouteContext) => {
  const { separator, ...filter } = queryOf(ctx, exportQuery);
  await note(ctx, 'faq.exported', { details: filter })(null, knex);
  ctx.type = 'text/csv';
  ctx.attachment('faqs.csv');
  ctx.body = Readable.from(exportFaqs(filter, joinKeywords)).pipe(
    // Excel takes a file without the mark for Windows-1252.
    stringify({
      bom: true,
      header: true,
      columns: COLUMNS,
      delimiter: SEPARATORS[separator],
      quoted_match: /\r/,
    }),
  );
});
