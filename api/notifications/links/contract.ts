import { Type } from 'typebox';
import { contract, other } from '../../contract/contract.ts';
import { closed } from '../../contract/schema.ts';

const query = closed({ token: Type.String({ minLength: 1, maxLength: 512 }) });

/** Where the links of mails lead that need no sign-in. */
export const mailLinkContract = contract('Notifications', {
  'GET /unsubscribe': {
    who: 'anyone',
    summary: 'A page that asks whether to stop mails',
    detail: 'Changes nothing: programs that check links in mails open them.',
    query,
    answers: { 200: other('The page', 'text/html') },
  },
  'POST /unsubscribe': {
    who: 'anyone',
    summary: 'Stop mails of the kinds that a token names',
    detail: 'One click, without a sign-in (RFC 8058). Any body is accepted. Asking again changes nothing.',
    query,
    answers: { 200: other('The page that says so', 'text/html') },
  },
});
