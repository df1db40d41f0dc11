import type { Problem } from '../sdk/api.ts';
import type { en } from './words/en.ts';

type Word = keyof typeof en;
type Values = Record<string, string | number>;

/** The word for each code of a refusal. */
export const BY_CODE: Record<Problem['code'], Word> = {
  validation_failed: 'said.invalid',
  malformed_json: 'said.unreadable',
  bad_request: 'said.unreadable',
  unauthenticated: 'said.signIn',
  token_expired: 'said.signIn',
  second_factor_required: 'said.code',
  forbidden: 'said.forbidden',
  consent_required: 'mine.consent',
  not_found: 'said.notFound',
  request_timeout: 'said.slow',
  method_not_allowed: 'said.older',
  run_in_progress: 'said.running',
  already_exists: 'said.exists',
  conflict: 'said.conflict',
  gone: 'reset.gone',
  body_too_large: 'said.large',
  unsupported_media: 'said.media',
  unsupported_encoding: 'said.unreadable',
  idempotency_key_reused: 'said.reused',
  rate_limited: 'said.tooOften',
  quota_exceeded: 'said.quota',
  too_many_waiting_runs: 'said.waiting',
  internal_error: 'app.failed',
  not_configured: 'said.notSetUp',
  service_unavailable: 'app.failed',
};

/**
 * The word for each text of the server that a page may meet: such texts are English. What stands in braces changes; `{n}` is a
 * number. The first that fits counts.
 */
export const BY_TEXT: Record<string, Word> = {
  // What a field must be.
  'must be present': 'fault.missing',
  'must be left out: this field is not known': 'fault.unknown',
  'must be left out: the account has no password': 'said.noPassword',
  'must be at least 1 characters long': 'fault.empty',
  'must be more than white space': 'fault.empty',
  'must be at least 1 items long': 'fault.none',
  'must be at least {n} characters long': 'fault.short',
  'must be at most {n} characters long': 'fault.long',
  'must be at least {n} items long': 'fault.least',
  'must be at most {n} items long': 'fault.most',
  'must be an object with at least {n} fields': 'fault.unchanged',
  'must be an object with at most {n} fields': 'fault.most',
  'must be at least {n}': 'fault.least',
  'must be at most {n}': 'fault.most',
  'must be a smaller number': 'fault.large',
  'must be one of CHAT_MODEL and CHAT_MODEL_FALLBACK': 'fault.model',
  'must be a model of CHAT_MODEL or CHAT_MODEL_FALLBACK: {names}': 'fault.models',
  'must be one of the versions, or null': 'fault.version',
  'must be versions of the assistant': 'fault.version',
  'must be a version of the run’s assistant': 'fault.version',
  'must be one of {names}': 'fault.choice',
  'must be true': 'fault.needed',
  'must be a list without doubles': 'fault.twice',
  'must be unique: it is taken': 'fault.taken',
  'must be an e-mail address': 'register.mustBeEmail',
  'must be the name of a time zone, such as Europe/Berlin': 'fault.timezone',
  'must be a timezone of the IANA database': 'fault.timezone',
  'must be a date and time with an offset, such as {example}': 'fault.date',
  'must be a date, or a date and time with an offset, such as {example}': 'fault.date',
  'must be a date or a time': 'fault.date',
  'must be after from': 'fault.order',
  'must be at most five years before to': 'fault.span',
  'must be in the future': 'fault.future',
  'must be one line, without characters that turn the direction of the text': 'fault.line',
  'must be without NUL and halves of surrogate pairs': 'fault.characters',
  'must be without {names}: the placeholders are {all}': 'fault.placeholder',
  'must be under the tag of a language, such as de or zh-Hant': 'fault.language',
  'must be a category that exists': 'fault.category',
  'must be another FAQ that exists': 'fault.faq',
  'must be an active agent or administrator': 'fault.agent',
  'must be an assistant that is not archived': 'said.archived',
  'must be an https URL': 'fault.https',
  'must be an https URL where include_content is true': 'fault.textsByHttps',
  'must be an http or https URL': 'fault.http',
  'must be a URL without a user or a password': 'fault.userless',
  'must be a URL with port 80, 443 or one from 1024 on': 'fault.port',
  'must be a URL whose host has public addresses only': 'fault.public',
  'must be the address of a push service of browsers (PUSH_SERVICES)': 'fault.push',
  'must be less common': 'register.weak',
  'must be more than the name of this service': 'register.weak',
  'must be your present password': 'me.wrong',
  'must be the code that the authenticator shows now': 'enter.wrongCode',
  'must be a valid token': 'reset.gone',
  'must be the token of a mail': 'reset.gone',
  'must be like ^[a-z0-9]+([-_][a-z0-9]+)*$': 'fault.slug',
  'must be like {pattern}': 'fault.form',
  'must be a {type}': 'fault.form',
  'must be an {type}': 'fault.form',
  'must be valid': 'fault.form',

  // Why an act is refused.
  'The last administrator cannot be erased': 'erase.lastAdmin',
  'Erase your own account with DELETE /users/me': 'said.eraseSelf',
  'Ask another administrator to change your account': 'said.changeSelf',
  'A guest gets another role by registering': 'said.guestRole',
  'An account that a site vouches for keeps its role': 'said.siteRole',
  'This account has no password': 'said.noPassword',
  'This account has no e-mail address': 'said.noAddress',
  'Your account has no address': 'said.noAddress',
  'A second factor is on: remove it first': 'said.factorOn',
  'No second factor waits to be confirmed': 'said.factorOver',
  'Set up a second factor first: POST /api/v1/users/me/second-factor': 'said.factorFirst',
  'This sign-in is over: begin again': 'said.signIn',
  'This installation takes no guests': 'enter.guestsOff',
  'Too many guests: register, or sign in': 'said.manyGuests',
  'This guest has registered already: sign in': 'said.registered',
  'The budget of the day is used up; a new one begins at {when}': 'said.budget',
  'A person is asked for or has this conversation': 'said.withPerson',
  'Take this conversation first': 'said.takeFirst',
  'Take this conversation before you reply': 'said.takeFirst',
  'Nothing was asked in this conversation': 'said.nothingAsked',
  'Moderation does not allow this question or its answer': 'said.moderated',
  'This suggestion was decided on before': 'said.decided',
  'The default assistant cannot be archived: make another one the default first': 'said.isDefault',
  'This assistant is archived: set is_archived to false first': 'said.archived',
  'This assistant is archived': 'said.archived',
  'This assistant has an experiment already: end it first': 'said.experiment',
  'This experiment has ended': 'said.experimentOver',
  'The run has not ended, or its model was never asked': 'said.noReplay',
  'There are {n} webhooks already: delete one first': 'said.manyWebhooks',
  'There are no FAQs in it': 'said.noFaqs',
  'The file must hold at most {n} FAQs': 'said.manyFaqs',
  'Item {n} is too long': 'said.longItem',
  'The limit is {n} bytes': 'said.bytes',
  'No chat model is configured': 'said.noModel',
  'The mail server did not take the mail: {why}': 'said.mailRefused',
  '{name} is not set': 'said.notSet',

  // Why an answer failed.
  'The budget of the day is used up.': 'why.budget',
  'The model is busy.': 'why.busy',
  'The model took too long to answer.': 'why.slow',
  'The model cannot be reached just now.': 'why.away',
  'The model is being loaded.': 'why.loading',
  'The answer was cut off.': 'why.cut',
  'The model gave no answer.': 'why.empty',
  'The model spent all its tokens on thinking and gave no answer.': 'why.empty',
  "The provider's content filter refused the message.": 'why.filter',
  'The conversation is too long for the model.': 'why.long',
  'The provider refused the request.': 'why.refused',
  "The provider's quota is used up.": 'why.setUp',
  'The provider does not have what this needs.': 'why.setUp',
  'The provider does not have the model.': 'why.setUp',
  'The provider refused our key.': 'why.setUp',
  'The message could not be checked: what MODERATION_MODEL names gave no verdict.': 'why.unchecked',
  'The conversation could not be prepared.': 'why.inside',
  'The database took too long to prepare the answer.': 'why.inside',
  'The database took too long to store the answer.': 'why.inside',
  'The worker crashed too often while answering.': 'why.inside',
  'Something went wrong here.': 'why.inside',
};

/** Returns the word for a text of the server, and what the text holds. Undefined: no word is known. */
export function wordFor(text: string): { word: Word; values: Values } | undefined {
  for (const { pattern, word } of patterns) {
    const found = pattern.exec(text);
    if (found) return { word, values: valuesOf(found.groups) };
  }
  return undefined;
}

/** Returns what a text of `BY_TEXT` matches. */
export function patternOf(text: string): RegExp {
  const escaped = text.replaceAll(/[.*+?^$()|[\]\\]/g, String.raw`\$&`);
  const counted = escaped.replaceAll(/(character|item|field)s\b/g, '$1s?');
  const given = (name: string) => `(?<${name}>${name === 'n' ? String.raw`-?[\d.]+` : '.+'})`;
  return new RegExp(`^${counted.replaceAll(/\{(\w+)\}/g, (_, name: string) => given(name))}$`, 's');
}

const patterns = Object.entries(BY_TEXT).map(([text, word]) => ({ pattern: patternOf(text), word }));

function valuesOf({ n, ...rest }: Record<string, string> = {}): Values {
  return { ...rest, ...(n !== undefined && { n: Number(n) }) };
}
