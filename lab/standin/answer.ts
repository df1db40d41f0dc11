import { readsGerman } from './words.ts';

export type ChatMessage = { role: string; content: string };

/** Returns the user's last message; '' without one. */
export function lastUserText(messages: ChatMessage[]): string {
  const content = messages.findLast((message) => message.role === 'user')?.content ?? '';
  // What a user wrote after `&` is the user's: only the engine's own escape is taken back.
  return content.replace(/&((?:amp;)*)lt;/g, (_, amps: string) =>
    amps === '' ? '<' : `&${amps.slice(4)}lt;`,
  );
}

/**
 * Returns the answer of the passage that the prompt lists first, cited as ` [id]`: the search knew more than the words of the
 * last message. Without passages, greets back, or returns a sentence that says that this is not a model, and names the near
 * questions: in English or German, or in French or Spanish where the prompt asks for it.
 */
export function answerTo(messages: ChatMessage[]): string {
  const asked = lastUserText(messages);
  const [best] = passagesOf(messages);
  return best ? `${best.answer} [${best.id}]` : (greetingTo(asked) ?? standinNotice(messages, asked));
}

type Passage = { id: string; question: string; answer: string };

function passagesOf(messages: ChatMessage[]): Passage[] {
  const prompt = messages.filter((message) => message.role === 'system' || message.role === 'developer');
  const blocks = prompt.flatMap(({ content }) => [
    ...content.matchAll(/<passage\b([^>]*)>([\s\S]*?)<\/passage>/g),
  ]);
  return blocks.flatMap(([, attributes = '', body = '']) => {
    const id = /\bid\s*=\s*["']?([^"'\s>]+)/.exec(attributes)?.[1];
    const parts = /(?:Question|Frage):\s*([\s\S]*?)\n\s*(?:Answer|Antwort):\s*([\s\S]*)/.exec(body);
    if (!id || !parts) return [];
    return [{ id, question: unescaped(parts[1] ?? '').trim(), answer: unescaped(parts[2] ?? '').trim() }];
  });
}

function unescaped(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
}

/** Returns a greeting for a message that only greets or thanks, in its language. */
function greetingTo(asked: string): string | undefined {
  return GREETINGS.find(({ said }) => said.test(asked.trim()))?.answer;
}

const GREETINGS = [
  {
    said: /^(hi|hello|hey|good (morning|afternoon|evening)|thanks|thank you( very much)?|bye)( there)?[\s!.,]*$/i,
    answer:
      'Hello! I am a local stand-in and not a language model. I answer what the knowledge base answers.',
  },
  {
    said: /^(hallo|moin|servus|guten (tag|morgen|abend)|danke(schön| schön)?|vielen dank|tschüss)[\s!.,]*$/i,
    answer:
      'Hallo! Ich bin nur ein lokaler Ersatz und kein Sprachmodell. Ich antworte, was die Wissensbasis antwortet.',
  },
  {
    said: /^(bonjour|salut|bonsoir|merci( beaucoup)?)[\s!.,]*$/i,
    answer:
      "Bonjour ! Je ne suis qu'un remplaçant local, pas un modèle de langage. Je réponds ce que dit la base de connaissances.",
  },
  {
    said: /^(hola|buenos días|buenas (tardes|noches)|(muchas )?gracias)[\s!.,]*$/i,
    answer:
      'Hola. Solo soy un sustituto local, no un modelo de lenguaje. Respondo lo que dice la base de conocimientos.',
  },
];

function standinNotice(messages: ChatMessage[], asked: string): string {
  const words = asked
    .replace(/\[\[[^\]]*\]\]/g, ' ')
    .trim()
    .split(/\s+/);
  const quote = words.slice(0, 8).join(' ') + (words.length > 8 ? ' …' : '');
  const system = messages.find((message) => message.role === 'system')?.content ?? '';
  const says = NOTICES[languageOf(asked, system)];
  const near = nearIn(system);
  const meant = near.length === 0 ? '' : ` ${says.meant(near.map(says.quoted).join(', '))}`;
  return `${says.nothing(says.quoted(quote))}${meant}${system.includes(says.rule) ? ` ${says.person}` : ''}`;
}

type Language = 'en' | 'de' | 'fr' | 'es';

/** Follows the prompt. Only English and German are told apart by the question, as one prompt may serve both. */
function languageOf(asked: string, system: string): Language {
  if (system.includes(' en français')) return 'fr';
  if (system.includes(' en español')) return 'es';
  return (readsGerman(asked) ?? readsGerman(system) ?? false) ? 'de' : 'en';
}

type Notice = {
  quoted: (text: string) => string;
  nothing: (asked: string) => string;
  meant: (titles: string) => string;
  /** The end of the rule of a prompt whose assistant hands over to people, and what is said where it stands there. */
  rule: string;
  person: string;
};
const NOTICES: Record<Language, Notice> = {
  en: {
    quoted: (text) => `“${text}”`,
    nothing: (asked) =>
      `I am a local stand-in and not a language model. I found nothing in the knowledge base about ${asked}.`,
    meant: (titles) => `Did you mean: ${titles}?`,
    rule: 'pass the question to a person',
    person: 'I can also pass the question to a person.',
  },
  de: {
    quoted: (text) => `„${text}“`,
    nothing: (asked) =>
      `Ich bin nur ein lokaler Ersatz und kein Sprachmodell. Zu ${asked} habe ich in der Wissensbasis nichts gefunden.`,
    meant: (titles) => `Meintest du: ${titles}?`,
    rule: 'an einen Menschen weiterzugeben',
    person: 'Ich kann die Frage auch an einen Menschen weitergeben.',
  },
  fr: {
    quoted: (text) => `« ${text} »`,
    nothing: (asked) =>
      `Je ne suis qu'un remplaçant local, pas un modèle de langage. Je n'ai rien trouvé sur ${asked} dans la base de connaissances.`,
    meant: (titles) => `Vouliez-vous dire : ${titles} ?`,
    rule: 'transmettre la question à une personne',
    person: 'Je peux aussi transmettre la question à une personne.',
  },
  es: {
    quoted: (text) => `«${text}»`,
    nothing: (asked) =>
      `Solo soy un sustituto local, no un modelo de lenguaje. No encontré nada sobre ${asked} en la base de conocimientos.`,
    meant: (titles) => `¿Quizás: ${titles}?`,
    rule: 'pasar la pregunta a una persona',
    person: 'También puedo pasar la pregunta a una persona.',
  },
};

/** Returns the questions of near FAQs that the prompt lists. */
function nearIn(system: string): string[] {
  const block = /<questions key="(\w+)">\n([\s\S]*?)\n<\/questions key="\1">/.exec(system)?.[2] ?? '';
  return block.split('\n').flatMap((line) => (line.startsWith('- ') ? [unescaped(line.slice(2))] : []));
}
