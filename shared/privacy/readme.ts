import { inLanguage } from '../texts/textIn.ts';

/** What README.html of an archive says in one language. `files`: each file of the archive. `{day}` is when it was written. */
type Readme = {
  title: string;
  intro: string;
  files: Record<ArchiveFile, string>;
  end: string;
};
/** The files of an archive beside README.html. */
type ArchiveFile =
  | 'account.json'
  | 'conversations.json'
  | 'messages.jsonl'
  | 'feedback.json'
  | 'consents.json'
  | 'sessions.json'
  | 'notifications.json'
  | 'access_log.json';

const EN: Readme = {
  title: 'Your data',
  intro: 'This archive holds what was kept of you on {day}. The files are JSON: any text editor opens them.',
  files: {
    'account.json': 'Your account: names, addresses, language, consents, which news you want.',
    'conversations.json': 'Your conversations, without their messages.',
    'messages.jsonl': 'Every message in them, one a line: yours, the assistant’s and people’s.',
    'feedback.json': 'How you rated answers and entries of the knowledge base.',
    'consents.json': 'What you consented to and withdrew, and when.',
    'sessions.json': 'Where you signed in, and where pushes to those devices go.',
    'notifications.json': 'What you were told of.',
    'access_log.json': 'Who did what with your data.',
  },
  end: 'Passwords and other secrets are not in it, and neither are notes that staff wrote for each other.',
};
const DE: Readme = {
  title: 'Ihre Daten',
  intro:
    'Dieses Archiv enthält, was am {day} über Sie gespeichert war. Die Dateien sind JSON: Jeder Texteditor öffnet sie.',
  files: {
    'account.json': 'Ihr Konto: Namen, Adressen, Sprache, Einwilligungen, welche Nachrichten Sie wollen.',
    'conversations.json': 'Ihre Unterhaltungen, ohne deren Nachrichten.',
    'messages.jsonl':
      'Alle Nachrichten darin, eine je Zeile: Ihre, die des Assistenten und die von Menschen.',
    'feedback.json': 'Wie Sie Antworten und Einträge der Wissensbasis bewertet haben.',
    'consents.json': 'Worin Sie eingewilligt und was Sie widerrufen haben, und wann.',
    'sessions.json': 'Wo Sie sich angemeldet haben, und wohin Push-Nachrichten an diese Geräte gehen.',
    'notifications.json': 'Worüber Sie benachrichtigt wurden.',
    'access_log.json': 'Wer was mit Ihren Daten getan hat.',
  },
  end: 'Passwörter und andere Geheimnisse sind nicht darin, auch keine Notizen, die Mitarbeiter füreinander geschrieben haben.',
};
const READMES: Record<string, Readme> = { en: EN, de: DE };

/** Returns the page of an archive that a person reads first, in a language or in English. */
export function readmeIn(language: string, at: Date): string {
  const found = inLanguage(READMES, language) ?? EN;
  const tag = Object.keys(READMES).find((one) => READMES[one] === found) ?? 'en';
  const files = Object.entries(found.files).map(
    ([name, what]) => `<tr><th scope="row"><a href="${name}">${name}</a></th><td>${what}</td></tr>`,
  );
  return `<!doctype html>
<html lang="${tag}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${found.title}</title>
<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}th{text-align:left;padding-right:1.5rem;vertical-align:top}</style>
</head><body><h1>${found.title}</h1>
<p>${found.intro.replace('{day}', at.toISOString().slice(0, 10))}</p>
<table>${files.join('')}</table>
<p>${found.end}</p>
</body></html>
`;
}
