const en = {
  title: 'Chat',
  close: 'Close chat',
  greeting: 'How can I help?',
  messages: 'Messages',
  message: 'Message',
  write: 'Write a message',
  send: 'Send',
  stop: 'Stop',
  consent: 'By sending you agree that your messages are processed to answer them.',
  sending: 'Sending …',
  later: 'Too many messages. This one is sent later: {when}.',
  delayed: 'Not sent yet. Next try: {when}.',
  thinking: 'Thinking …',
  failed: 'The answer failed.',
  stopped: 'Stopped.',
  refused: 'This message was not accepted.',
  again: 'Try again',
  person: 'A person will answer here.',
  agent: 'A person is answering.',
  long: 'At most {n} characters.',
  good: 'Good answer',
  bad: 'Bad answer',
  fresh: 'New conversation',
  unreachable: 'No connection. Your message is kept.',
  you: 'You',
  answer: 'Answer',
  ask: 'Ask a person',
  until: 'People answer from {when} on.',
  typing: '{name} is writing …',
  back: 'The assistant answers again.',
  ended: 'Your conversation has ended. You can begin a new one.',
  out: 'You are signed out. Write to go on.',
  resolved: 'This conversation is closed.',
  how: 'How was this conversation?',
  score: '{n} of 5',
  unrated: 'This did not work. Please try again.',
  thanks: 'Thank you.',
  skip: 'Skip',
  somebody: 'Somebody',
};
export type Words = typeof en;

const params = new URLSearchParams(location.search);
/** What the site's script tag asked for. */
export const wish = {
  language: (params.get('language') || navigator.language || 'en').slice(0, 35),
  assistant: Number(params.get('assistant')) || undefined,
  greeting: params.get('greeting')?.slice(0, 300),
  questions: (params.get('questions') ?? '')
    .split('|')
    .map((one) => one.trim().slice(0, 200))
    .filter((one) => one !== '')
    .slice(0, 4),
  /** The newest message that was seen on an earlier page. */
  seen: Number(params.get('seen')) || Infinity,
  color: /^#[\da-f]{6}$/i.exec(params.get('color') ?? '')?.[0],
};

const OTHERS: Record<string, () => Promise<Words>> = {
  ar: async () => (await import('./words/ar.ts')).ar,
  de: async () => (await import('./words/de.ts')).de,
};
const RIGHT_TO_LEFT = ['ar'];

export let words = en;

/** Speaks the language that the site asked for, or English. */
export async function speak(): Promise<void> {
  const tag = wish.language.split('-')[0]?.toLowerCase() ?? '';
  const load = OTHERS[tag];
  // Without the words of a language the widget is of more use in English than not at all.
  const loaded = await load?.().catch(() => undefined);
  if (loaded) words = loaded;
  document.documentElement.lang = loaded ? tag : 'en';
  document.documentElement.dir = loaded && RIGHT_TO_LEFT.includes(tag) ? 'rtl' : 'ltr';
}

/** Writes a weekday and a time. */
export function moment(at: string | number): string {
  const { lang } = document.documentElement;
  const locale = navigator.languages.find((tag) => tag.split('-')[0] === lang) ?? lang;
  return new Intl.DateTimeFormat(locale, { weekday: 'long', hour: '2-digit', minute: '2-digit' }).format(
    new Date(at),
  );
}
