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
  thinking: 'Thinking …',
  failed: 'The answer failed.',
  stopped: 'Stopped.',
  refused: 'This message was not accepted.',
  again: 'Try again',
  person: 'A person will answer here.',
  agent: 'A person is answering.',
  good: 'Good answer',
  bad: 'Bad answer',
  fresh: 'New conversation',
  unreachable: 'No connection. Your message is kept.',
  you: 'You',
  answer: 'Answer',
};
const de: typeof en = {
  title: 'Chat',
  close: 'Chat schließen',
  greeting: 'Wie kann ich helfen?',
  messages: 'Nachrichten',
  message: 'Nachricht',
  write: 'Schreib eine Nachricht',
  send: 'Senden',
  stop: 'Anhalten',
  consent:
    'Wenn du sendest, stimmst du zu, dass deine Nachrichten verarbeitet werden, um sie zu beantworten.',
  sending: 'Wird gesendet …',
  thinking: 'Denkt nach …',
  failed: 'Die Antwort ist fehlgeschlagen.',
  stopped: 'Angehalten.',
  refused: 'Diese Nachricht wurde nicht angenommen.',
  again: 'Noch einmal versuchen',
  person: 'Hier wird ein Mensch antworten.',
  agent: 'Ein Mensch antwortet.',
  good: 'Gute Antwort',
  bad: 'Schlechte Antwort',
  fresh: 'Neues Gespräch',
  unreachable: 'Keine Verbindung. Deine Nachricht bleibt erhalten.',
  you: 'Du',
  answer: 'Antwort',
};

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
  color: /^#[\da-f]{6}$/i.exec(params.get('color') ?? '')?.[0],
};
export const words = wish.language.startsWith('de') ? de : en;
