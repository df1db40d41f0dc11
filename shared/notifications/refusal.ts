/**
 * The statuses (RFC 3463) of an address that will take no mail: no such mailbox, domain or syntax, moved to an unknown place, no
 * mail server (RFC 7505), mailbox disabled. A full mailbox, or a policy against a sender or a text, says nothing of the address.
 */
const OF_ADDRESS = /^5\.(1\.([0-36]|10)|2\.1)$/;
/** What servers without such statuses answer (RFC 5321) where a mailbox is not there, not local, or has no such name. */
const NO_MAILBOX = ['550', '551', '553'];
/** Words of such an answer that is about the sender or the text after all. */
const OF_POLICY = /spam|polic|block|reputation|relay|sender/i;

/** Says whether a status such as `5.1.1` is about the address, and holds for good. */
export function isOfAddress(status: string): boolean {
  return OF_ADDRESS.test(status);
}

/** Reads what a server answered to the recipient, such as `550 5.1.1 no such user`. */
export function refusalIn(answer: string): { status: string | undefined; ofAddress: boolean } {
  const [, code = '', status] = /^(5\d\d)[ -](5\.\d{1,3}\.\d{1,3}\b)?/.exec(answer) ?? [];
  const noMailbox = NO_MAILBOX.includes(code) && !OF_POLICY.test(answer);
  return { status, ofAddress: status === undefined ? noMailbox : isOfAddress(status) };
}
