import type { MailedRow } from '../../db/models/mail.ts';
import { familyOf } from '../accounts/family.ts';
import { oneLine } from '../base/oneLine.ts';
import { escaped } from '../base/escaped.ts';
import { SECURITY } from './choices.ts';
import { links } from './links.ts';
import { filled, mailTexts, type MailTexts, type Topic } from './texts.ts';

/** Whom a mail is for, and how it shows times. */
export type Reader = { name: string | null; address: string; language: string; timezone: string };
/** One thing that a mail tells. `token`: of its link. */
export type Item = MailedRow & { topic: Topic; token: string | undefined };
type Shown = { subject: string; body: string; button: string; link: string };

/**
 * Writes a mail as plain text and as HTML without images, in the reader's language.
 * @param unsubscribe the address that stops such mails; undefined where they cannot be refused
 */
export function compose(reader: Reader, items: Item[], unsubscribe: string | undefined) {
  const { tag, texts } = mailTexts(reader.language);
  const shown = eachOnce(items.map((item) => shownOf(item, reader, texts)));
  const [first] = shown;
  if (first === undefined) throw new Error('a mail without news');
  const several = { subject: filled(texts.several_subject, { count: String(shown.length) }) };
  const name = nameIn(reader.name);
  const greeting = name === undefined ? texts.greeting_unnamed : filled(texts.greeting, { name });
  const intro = shown.length > 1 ? [texts.several_intro] : [];
  const why = unsubscribe === undefined ? texts.why_security : texts.why_choice;
  const after = items.some(({ topic }) => ASKED_FOR.includes(topic)) ? [texts.ignore] : [];
  const subject = shown.length > 1 ? several.subject : first.subject;
  const parts = { greeting, intro, shown, after, why, unsubscribe, texts };
  return { language: tag, subject: oneLine(subject), text: plain(parts), html: page(tag, subject, parts) };
}

/** What the account's own page shows. */
const ABOUT_THE_ACCOUNT: Topic[] = [...SECURITY, 'email_changing', 'export_ready'];
/** What somebody else may have asked for. */
const ASKED_FOR: Topic[] = ['password_reset', 'email_verification'];

function shownOf(item: Item, reader: Reader, texts: MailTexts): Shown {
  const { subject, body, button } = texts[item.topic];
  const values = {
    address: reader.address,
    question: oneLine(item.faq_question ?? ''),
    device: [deviceName(item.user_agent, texts), item.ip ?? ''].filter((part) => part !== '').join(', '),
    time: timeIn(item.created_at, reader),
  };
  return { subject: filled(subject, values), body: filled(body, values), button, link: linkOf(item) };
}

/** Leaves out what reads the same, such as a second answer in one conversation. */
function eachOnce(shown: Shown[]): Shown[] {
  return [...new Map(shown.map((one) => [JSON.stringify(one), one])).values()];
}

function linkOf({ topic, token = '', conversation_id }: Item): string {
  if (topic === 'password_reset') return links.resetPassword(token);
  if (topic === 'email_verification') return links.verifyEmail(token);
  if (topic === 'handoff_waiting') return links.inbox();
  if (topic === 'budget_warning') return links.admin();
  if (topic === 'webhook_disabled') return links.webhooks();
  if (ABOUT_THE_ACCOUNT.includes(topic)) return links.account();
  return conversation_id === null ? links.home() : links.conversation(conversation_id);
}

function timeIn(time: Date, { language, timezone }: Reader): string {
  const format = (locale: string, timeZone: string) =>
    new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'long', timeZone }).format(time);
  try {
    return format(language, timezone);
  } catch {
    return format('en', 'UTC');
  }
}

/**
 * Returns a name for a greeting, on one line; undefined where there is none. Whoever registers a stranger's address also writes
 * the name, so a name that holds an address or a link counts as none.
 */
function nameIn(name: string | null): string | undefined {
  const line = oneLine(name ?? '');
  return line === '' || /[@/\\<>]|\p{L}\.\p{L}{2}|\d\.\d/u.test(line) ? undefined : line;
}

/** Returns the name of a device. A user agent is what a stranger sent: what is not a name goes. */
function deviceName(userAgent: string | null, texts: MailTexts): string {
  const family = oneLine(familyOf(userAgent) ?? '').replace(/[^\p{L}\p{N} .,;:/()_-]/gu, '');
  const [browser = '', system] = family.split(' on ');
  if (browser === '') return texts.unknown_device;
  return system === undefined ? browser : filled(texts.device, { browser, system });
}

type Parts = {
  greeting: string;
  intro: string[];
  shown: Shown[];
  after: string[];
  why: string;
  unsubscribe: string | undefined;
  texts: MailTexts;
};

function plain({ greeting, intro, shown, after, why, unsubscribe, texts }: Parts): string {
  const told = shown.map(({ body, button, link }) =>
    button === '' ? body : `${body}\n\n${button}:\n${link}`,
  );
  const end = unsubscribe === undefined ? why : `${why}\n${texts.unsubscribe}: ${unsubscribe}`;
  return [greeting, ...intro, ...told, ...after, `-- \n${end}`].join('\n\n') + '\n';
}

function page(
  tag: string,
  subject: string,
  { greeting, intro, shown, after, why, unsubscribe, texts }: Parts,
): string {
  const told = shown.map(({ body, button, link }) => {
    const words = `<p>${escaped(body)}</p>`;
    if (button === '') return words;
    return `${words}
<p><a href="${escaped(link)}" class="button" style="${BUTTON}">${escaped(button)}</a></p>
<p class="small" style="${SMALL}">${escaped(texts.link_fallback)}<br><a href="${escaped(link)}">${escaped(link)}</a></p>`;
  });
  const end =
    unsubscribe === undefined
      ? escaped(why)
      : `${escaped(why)} <a href="${escaped(unsubscribe)}">${escaped(texts.unsubscribe)}</a>`;
  return `<!doctype html>
<html lang="${tag}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>${escaped(subject)}</title><style>${DARK}</style></head>
<body style="${BODY}">
<main style="max-width:36em;margin:0 auto">
<h1 style="font-size:1.3em">${escaped(subject)}</h1>
<p>${escaped(greeting)}</p>
${[...intro.map((line) => `<p>${escaped(line)}</p>`), ...told, ...after.map((line) => `<p>${escaped(line)}</p>`)].join('\n')}
<hr style="border:0;border-top:1px solid #767676">
<p class="small" style="${SMALL}">${end}</p>
</main>
</body>
</html>
`;
}

/** Dark on light, beyond 7:1, and large enough to touch. */
const BODY = 'margin:0;padding:1.5em;background:#ffffff;color:#1a1a1a;font:16px/1.5 sans-serif';
const BUTTON =
  'display:inline-block;padding:.75em 1.25em;background:#0b3d91;color:#ffffff;border-radius:.4em;text-decoration:none';
const SMALL = 'font-size:.875em;color:#444444;overflow-wrap:anywhere';
/** Light on dark, as far, where the reader's device is dark. A mail program that ignores it shows the light colours. */
const DARK =
  '@media (prefers-color-scheme:dark){body{background:#1a1a1a!important;color:#f2f2f2!important}a{color:#9cc2ff}' +
  '.button{background:#9cc2ff!important;color:#0a1a33!important}.small{color:#c8c8c8!important}}';
