import { mailTexts } from './texts.ts';
import { escaped } from '../base/escaped.ts';

const STYLE =
  'body{margin:0;padding:2em;font:1em/1.5 sans-serif;background:#fff;color:#1a1a1a}main{max-width:36em;margin:auto}button{font:inherit;padding:.75em 1.25em;border:0;border-radius:.4em;background:#0b3d91;color:#fff}';

/** Returns a page in the language of its reader: asks whether to stop mails, or says that they are stopped. */
export function unsubscribePage(language: string, step: 'ask' | 'done'): string {
  const { tag, texts } = mailTexts(language);
  const heading = escaped(texts.unsubscribe);
  const form = `<form method="post"><button>${heading}</button></form>`;
  const words = step === 'ask' ? form : `<p role="status">${escaped(texts.unsubscribed)}</p>`;
  return `<!doctype html>
<html lang="${tag}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${heading}</title><style>${STYLE}</style></head>
<body><main><h1>${heading}</h1>${words}</main></body>
</html>
`;
}

/** The one thing that the pages may do: show their own style, and send the form to their own address. */
export const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
