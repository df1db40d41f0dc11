import { Type } from '../contract/type.ts';
import { contract, other } from '../contract/contract.ts';

const html = (what: string) => ({
  who: 'anyone' as const,
  summary: what,
  problems: ['not_configured'] as const,
  answers: { 200: other('The page', 'text/html') },
});

const icon = (size: number) => ({
  who: 'anyone' as const,
  summary: `The icon of the installed page, ${size} pixels wide`,
  problems: ['not_found'] as const,
  answers: { 200: other('The icon', 'image/png') },
});

const manifest = Type.Unsafe<unknown>({ type: 'object' });

export const pageContract = contract('Pages', {
  'GET /': html('The chat page'),
  'GET /c/:id': html('The chat page, at a conversation'),
  'GET /account': html('The chat page, at the account'),
  'GET /register': html('The chat page, at the registration'),
  'GET /forgot-password': html('The chat page, where a mail to reset the password is asked for'),
  'GET /reset-password': html('The chat page, where the token of a mail sets a new password'),
  'GET /verify-email': html('The chat page, where the token of a mail confirms its address'),
  'GET /admin{/*path}': html('The panel of agents and administrators, at one of its pages'),
  'GET /erased': html('The chat page, at the receipt of an erasure'),
  'GET /widget': html('The widget’s frame, for our own pages and the sites of `WIDGET_ORIGINS`'),
  'GET /widget.js': {
    who: 'anyone',
    summary: 'The script that shows the widget on another site',
    detail:
      '`<script src="…/widget.js" data-assistant="1" data-language="en" async></script>`; see docs/widget.md.',
    problems: ['not_configured'],
    answers: { 200: other('The script', 'text/javascript') },
  },
  'GET /assets/:file': {
    who: 'anyone',
    summary: 'What the pages are made of',
    detail: 'A name holds a hash of its content, so that it may be cached for ever.',
    problems: ['not_found'],
    answers: { 200: other('A script, style sheet or picture', '*/*') },
  },
  'GET /sw.js': {
    who: 'anyone',
    summary: 'The service worker of the chat page',
    detail: 'Keeps the page for when there is no network, and shows what is pushed.',
    problems: ['not_found'],
    answers: { 200: other('The script', 'text/javascript') },
  },
  'GET /manifest.webmanifest': {
    who: 'anyone',
    summary: 'What a device needs to install the chat page',
    problems: ['not_found'],
    answers: { 200: { what: 'The manifest', json: manifest, type: 'application/manifest+json' } },
  },
  'GET /icon.svg': {
    who: 'anyone',
    summary: 'The icon of the pages',
    problems: ['not_found'],
    answers: { 200: other('The icon', 'image/svg+xml') },
  },
  'GET /icon-192.png': icon(192),
  'GET /icon-512.png': icon(512),
});
