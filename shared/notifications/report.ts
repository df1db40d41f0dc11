/**
 * What a report (RFC 3464) says of a mail: the parts of its Message-ID; whether the mail says that a machine sent it (RFC 3834);
 * the status where it came back for good, such as `5.1.1`.
 */
export type Report = { key: string; domain: string; automatic: boolean; refused: string | null };

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
  const [, key, domain] = /^<([^<>@\s]+)@([^<>@\s]+)>$/.exec(field(fields, 'message-id')) ?? [];
  if (key === undefined || domain === undefined) return undefined;
  const automatic = /^auto-generated\b/i.test(field(fields, 'auto-submitted'));
  return { key, domain: domain.toLowerCase(), automatic, refused: refusedIn(status) };
}

/** Returns the status of a recipient whose server refused for good. A server that was not reached says nothing of the address. */
function refusedIn(status: string): string | null {
  for (const recipient of status.split(/\r?\n\s*\r?\n/)) {
    const [, code] = /^(5\.\d{1,3}\.\d{1,3})\b/.exec(field(recipient, 'status')) ?? [];
    if (code !== undefined && /^failed\b/i.test(field(recipient, 'action'))) return code;
  }
  return null;
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
