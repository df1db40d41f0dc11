/** What people of the demonstration ask. `faq` is the slug of a seeded FAQ; null: nothing answers it. */
export type Topic = { faq: string | null; language: 'en' | 'de'; weight: number; questions: string[] };

export const TOPICS: Topic[] = [
  topic('reset-password', 9, [
    'How do I reset my password?',
    'I forgot my password, what now?',
    'Where can I change my password?',
  ]),
  topic('many-devices', 5, [
    'Can I be signed in on my phone and my laptop at once?',
    'Does signing in on a second device sign me out here?',
  ]),
  topic('how-messages-are-answered', 4, [
    'How does Parley answer my messages?',
    'Is there a person behind the answers?',
  ]),
  topic('connection-drops', 4, [
    'My connection dropped during an answer. Is it lost?',
    'What happens when I close the tab while it is still writing?',
  ]),
  topic('cancel-answer', 3, [
    'How can I cancel an answer that is being written?',
    'It is writing too much, how do I stop it?',
  ]),
  topic('delete-conversation', 6, [
    'How do I delete a conversation?',
    'Can I remove an old chat for good?',
    'Delete conversation?',
  ]),
  topic('archived-conversations', 3, [
    'Where are my archived conversations?',
    'I archived a chat by mistake, how do I find it again?',
  ]),
  topic('rate-limits', 5, ['How many messages may I send per minute?', 'What is the rate limit?']),
  topic('privacy-consent', 4, [
    'Why do I have to consent to the processing of my data?',
    'What happens when I take my consent back?',
  ]),
  topic('add-faqs', 4, ['How do I add an FAQ to the knowledge base?', 'Who may write FAQs?']),
  topic('scale-workers', 3, ['How do I scale the workers?', 'How many completion workers do I need?']),
  topic('configure-model', 5, [
    'How do I configure which model Parley uses?',
    'Can I use a model of another provider?',
  ]),
  topic('self-hosting', 5, ['Can I host Parley on my own server?', 'Does Parley run without your cloud?']),
  topic(
    'passwort-zuruecksetzen',
    6,
    ['Wie setze ich mein Passwort zurück?', 'Passwort vergessen, was nun?'],
    'de',
  ),
  topic(
    'unterhaltung-loeschen',
    4,
    ['Wie lösche ich eine Unterhaltung?', 'Kann ich einen alten Chat endgültig entfernen?'],
    'de',
  ),
  topic('grenzen', 3, ['Wie viele Nachrichten darf ich pro Minute senden?'], 'de'),
  topic(
    'datenschutz-einwilligung',
    3,
    ['Warum muss ich in die Verarbeitung meiner Daten einwilligen?'],
    'de',
  ),
  topic(
    'selbst-betreiben',
    4,
    ['Kann ich Parley auf meinem eigenen Server betreiben?', 'Läuft Parley auch bei uns im Haus?'],
    'de',
  ),
  topic(null, 6, [
    'Can I get an invoice for last month?',
    'Where do I find the invoice for my last payment?',
    'Please send me an invoice for last month',
  ]),
  topic(null, 4, [
    'Can I export my conversations to a spreadsheet?',
    'Is there an export of conversations to Excel?',
  ]),
  topic(null, 3, [
    'Do you offer a discount for schools?',
    'Is there a school discount?',
    'What discount do schools get?',
  ]),
  topic(null, 3, ['Can I connect Parley to our calendar?', 'Is there a calendar connection?']),
  topic(
    null,
    3,
    ['Bekomme ich eine Rechnung für letzten Monat?', 'Wo finde ich die Rechnung für meine Zahlung?'],
    'de',
  ),
];

export const UNKNOWN = {
  en: 'I could not find anything about that in the knowledge base. Would you like to talk to a person?',
  de: 'Dazu habe ich in der Wissensbasis nichts gefunden. Möchtest du mit einem Menschen sprechen?',
};
export const FOLLOW_UPS = {
  en: [
    'Thanks. Does that cost anything?',
    'And on the phone?',
    'Could you say that shorter?',
    'Great, thank you!',
  ],
  de: ['Danke. Kostet das etwas?', 'Und auf dem Telefon?', 'Geht das auch kürzer?', 'Super, danke!'],
};
export const REASONS = {
  en: ['I would like to talk to a person', 'It does not answer my question', 'It is about my invoice'],
  de: [
    'Ich möchte mit einem Menschen sprechen',
    'Das beantwortet meine Frage nicht',
    'Es geht um meine Rechnung',
  ],
};
export const AGENT = {
  en: [
    'Hello, this is Grace. Let me look that up for you.',
    'I have sent the invoice to the address of your account. Is there anything else?',
    'You are welcome. Have a good day!',
  ],
  de: [
    'Hallo, hier ist Grace. Ich sehe gleich nach.',
    'Ich habe die Rechnung an die Adresse deines Kontos geschickt. Kann ich noch etwas tun?',
    'Gern. Einen schönen Tag!',
  ],
};
export const NOTES = [
  'Asked about the same last week.',
  'Invoices come from the accounts team.',
  'Wants a call back.',
];
export const COMMENTS = {
  up: ['Quick and right.', 'Just what I needed.', null, null, null],
  down: ['Too long.', 'That was not my question.', 'Out of date.', null],
};

/** First and last names of the demonstration's accounts. */
export const PEOPLE: [first: string, last: string, language: 'en' | 'de'][] = [
  ['Anna', 'Berg', 'de'],
  ['Ben', 'Carter', 'en'],
  ['Chloe', 'Davies', 'en'],
  ['David', 'Evans', 'en'],
  ['Emma', 'Fischer', 'de'],
  ['Farid', 'Gul', 'en'],
  ['Greta', 'Hoffmann', 'de'],
  ['Hana', 'Ito', 'en'],
  ['Ivan', 'Jovic', 'en'],
  ['Julia', 'Krause', 'de'],
  ['Kofi', 'Mensah', 'en'],
  ['Lena', 'Maier', 'de'],
  ['Marco', 'Neri', 'en'],
  ['Nora', 'Olsen', 'en'],
  ['Omar', 'Petit', 'en'],
  ['Paula', 'Richter', 'de'],
  ['Quinn', 'Reilly', 'en'],
  ['Rosa', 'Santos', 'en'],
  ['Stefan', 'Schulz', 'de'],
  ['Tara', 'Underwood', 'en'],
  ['Uma', 'Varma', 'en'],
  ['Viktor', 'Weiss', 'de'],
  ['Wendy', 'Young', 'en'],
  ['Yusuf', 'Zaman', 'en'],
];

function topic(faq: string | null, weight: number, questions: string[], language: 'en' | 'de' = 'en'): Topic {
  return { faq, language, weight, questions };
}
