import { isOfAddress, refusalIn } from './refusal.ts';

/**
 * What a report (RFC 3464) says of a mail: the parts of its Message-ID; whether the mail says that a machine sent it (RFC 3834);
 * the status where it came back for good, such as `5.1.1`; whether that status is about the address.
 */
export type Report = {
  key: string;
  domain: string;
  automatic: boolean;
  refused: string | null;
  ofAddress: boolean;
};

/** Reads a mail as a report on one that was sent before; undefined where it is something else. */
export function reportIn(mail: string): Report | undefined {
  const { head, body } = parted(mail);
  const type = field(head, 'content-type');
  const boundary = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(type);
  if (!/^multipart\/report\b/i.test(type) || boundary === null) return undefined;
  const parts = body
    .split(`--${boundary[1] ?? boundary[2]}`)
    .map((part) => parted(part.replace(/^\r?\n/, '')));
  const of = (wanted: RegExp) => parts.find((part) => wanted.test(field(part.head, 'content-type')))?.body;
  const status = of(/^message\/(global-)?delivery-status\b/i);
  const sent = of(/^(message\/(rfc822|global|global-headers)|text\/rfc822-headers)\b/i);
  if (status === undefined || sent === undefined) return undefined;
  const fields = parted(sent).head;
  // Printable ASCII: anybody may write to the mailbox, and Postgres takes no NUL in a text.
  const [, key, domain] = /^<([!-;=?A-~]+)@([!-;=?A-~]+)>$/.exec(field(fields, 'message-id')) ?? [];
  if (key === undefined || domain === undefined) return undefined;
  const automatic = /^auto-generated\b/i.test(field(fields, 'auto-submitted'));
  const { refused = null, ofAddress = false } = refusalOf(status) ?? {};
  return { key, domain: domain.toLowerCase(), automatic, refused, ofAddress };
}

type Refusal = { refused: string; ofAddress: boolean };

/** Returns how a recipient's server refused for good. A server that was not reached says nothing of the address. */
function refusalOf(status: string): Refusal | undefined {
  const recipients = status.split(/\r?\n\s*\r?\n/);
  return recipients.map(refusalOfOne).find((refusal) => refusal !== undefined);
}

/** Some servers report 5.0.0 whatever it was: then what the receiving server answered says more. */
function refusalOfOne(recipient: string): Refusal | undefined {
  const [, refused] = /^(5\.\d{1,3}\.\d{1,3})\b/.exec(field(recipient, 'status')) ?? [];
  if (refused === undefined || !/^failed\b/i.test(field(recipient, 'action'))) return undefined;
  if (refused !== '5.0.0') return { refused, ofAddress: isOfAddress(refused) };
  const { status, ofAddress } = refusalIn(field(recipient, 'diagnostic-code').replace(/^smtp;\s*/i, ''));
  return { refused: status ?? refused, ofAddress };
}

function parted(mail: string): { head: string; body: string } {
  const end = /\r?\n\r?\n/.exec(mail);
  if (end === null) return { head: mail, body: '' };
  return { head: mail.slice(0, end.index), body: mail.slice(end.index + end[0].length) };
}

/** Returns a field of a head on one line; '' where there is none. */
function field(head: string, name: string): string {
  const lines = head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/);
  const found = lines.find((line) => line.toLowerCase().startsWith(`${name}:`));
  return found?.slice(name.length + 1).trim() ?? '';
}
