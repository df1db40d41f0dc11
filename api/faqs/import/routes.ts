import { pipeline, Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import { exportFaqs } from '../../../db/models/faqExport.ts';
import { findImport, importErrors } from '../../../db/models/faqImport.ts';
import { found } from '../../../shared/base/errors.ts';
import { noted } from '../../../shared/accounts/noted.ts';
import { by } from '../../audit/note.ts';
import { limitConnections } from '../../../shared/limits/connections.ts';
import { serve } from '../../contract/serve.ts';
import { withBody } from '../../middleware/body.ts';
import { bodyCheck, check } from '../../middleware/validate.ts';
import { pathId } from '../../middleware/ctx.ts';
import { faqImportContract, importItem, presentImport } from './contract.ts';
import { escapeFormula } from '../../../shared/knowledge/import/formulas.ts';
import { COLUMNS, joinKeywords } from '../../../shared/knowledge/import/csv.ts';
import { charsetOf, formatOf } from '../../../shared/knowledge/import/format.ts';
import { receiveImport } from '../../../shared/knowledge/import/receive.ts';
import { MAX_BYTES, tooLarge } from '../../../shared/knowledge/import/text.ts';
import { publicPath } from '../../middleware/origin.ts';

/** Excel expects the separator of the country that Windows is set to. */
const SEPARATORS = { comma: ',', semicolon: ';', tab: '\t' };
/** How many lines with faults are shown; `failed` counts them all. */
const MAX_ERRORS = 1_000;
/** A client that takes nothing of an export in this time is gone. */
const STALLED_MS = 60_000;

const itemCheck = bodyCheck(importItem);

export const faqImports = serve(faqImportContract, {
  'POST /api/v1/faqs/import': async (ctx) => {
    const allOrNothing = ctx.state.query.all_or_nothing;
    if ((ctx.request.length ?? 0) > MAX_BYTES) throw tooLarge();
    limitConnections('import', ctx.state.user.id, ctx.res);
    const options = {
      format: formatOf(ctx.request.type),
      charset: charsetOf(ctx.request.charset),
      allOrNothing,
      check: (value: unknown) => check(itemCheck, value),
      by: by(ctx),
    };
    const import_id = await withBody(ctx.req, (bytes) => receiveImport(ctx.state.user.id, bytes, options));
    ctx.set('Location', publicPath(`/api/v1/faqs/imports/${import_id}`));
    ctx.body = { import_id, status: 'queued' };
  },

  'GET /api/v1/faqs/imports/:id': async (ctx) => {
    const faqImport = found(await findImport(pathId(ctx), ctx.state.user.id));
    const errors = await importErrors(faqImport.id, MAX_ERRORS);
    ctx.body = presentImport({ ...faqImport, import_id: faqImport.id, errors });
  },

  'GET /api/v1/faqs/export': async (ctx) => {
    const { separator, ...filter } = ctx.state.query;
    limitConnections('export', ctx.state.user.id, ctx.res);
    ctx.res.setTimeout(STALLED_MS, () => ctx.res.destroy());
    await noted(by(ctx), 'faq.exported', { details: filter })(null);
    ctx.type = 'text/csv';
    ctx.attachment('faqs.csv');
    const csv = stringify({
      // Excel reads a file without the mark as Windows-1252.
      bom: true,
      header: true,
      columns: COLUMNS,
      delimiter: SEPARATORS[separator],
      quoted_match: /\r/,
      cast: { string: escapeFormula },
    });
    // A failure reaches Koa through the last stream. Koa cuts the answer off and logs why.
    pipeline(Readable.from(exportFaqs(filter, joinKeywords)), csv, () => {});
    ctx.body = csv;
  },
});
