import { escaped } from '../../../shared/base/escaped.ts';
import { publicPath } from '../../middleware/origin.ts';
import type { explanation } from '../routes.ts';

const PUBLIC_BOARD = publicPath('/admin/queues');

/** Returns the sign-in page. All pages around Bull Board are plain HTML without scripts. */
export function signInPage(refused?: Refused): string {
  return page(
    'Sign in',
    `<h1>Parley queues</h1>
    ${refused === undefined ? '' : `<p class="refused" role="alert">${REFUSALS[refused]}</p>`}
    <form method="post" action="${PUBLIC_BOARD}/sign-in">
      <label>E-mail address or username
        <input name="email" required maxlength="254" autocomplete="username" autofocus></label>
      <label>Password
        <input name="password" type="password" required maxlength="256" autocomplete="current-password"></label>
      <label>Code, if you have a second factor
        <input name="code" maxlength="64" autocomplete="one-time-code"></label>
      <button>Sign in</button>
    </form>`,
  );
}

export function signOutPage(email: string): string {
  return page(
    'Sign out',
    `<h1>Parley queues</h1>
    <p>You are signed in as ${escaped(email)}.</p>
    <form method="post" action="${PUBLIC_BOARD}/sign-out"><button>Sign out</button></form>
    <p><a href="${PUBLIC_BOARD}">Back to the queues</a></p>`,
  );
}

export function forbiddenPage(): string {
  return page(
    'Not allowed',
    `<h1>Not allowed</h1>
    <p>${REFUSALS['not an administrator']}</p>
    <p><a href="${PUBLIC_BOARD}/sign-in">Sign in as somebody else</a></p>`,
  );
}

export function runPage(run: Awaited<ReturnType<typeof explanation>>): string {
  return page(
    `Run ${run.id}`,
    `<h1>Run ${run.id}</h1>
    <p><a href="${PUBLIC_BOARD}/queue/completion">Back to the queues</a></p>
    <pre>${escaped(JSON.stringify(run, null, 2))}</pre>`,
  );
}

export type Refused = keyof typeof REFUSALS;
const REFUSALS = {
  wrong: 'E-mail address, username, password or code is wrong.',
  'code wanted': 'A code of your second factor is wanted too.',
  'not an administrator': 'The queues are for administrators, with a second factor where one is required.',
  'too often': 'Too many attempts. Wait a quarter of an hour.',
};

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 24rem; margin: 12vh auto; padding: 0 1rem; }
  body:has(pre) { max-width: 60rem; margin-top: 3vh; }
  h1 { font-size: 1.4rem; }
  label { display: block; margin-top: 1rem; }
  input { display: block; width: 100%; box-sizing: border-box; font: inherit; padding: 0.4rem; }
  button { font: inherit; margin-top: 1.2rem; padding: 0.4rem 1.2rem; }
  pre { overflow-x: auto; font-size: 0.9rem; }
  .refused { border-left: 4px solid #c33; padding-left: 0.8rem; }`;

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <link rel="icon" href="data:,">
    <title>${title} · Parley</title>
    <style>${STYLE}</style>
  </head>
  <body>
    ${body}
  </body>
</html>
`;
}
