import { cosine, embed } from './embedding.ts';
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
 * Returns the answer of the passage with the question nearest to the last user message, cited as ` [id]`. Without
 * passages, returns a sentence in English or German that says that this is not a model, and names the near questions.
 */
export function answerTo(messages: ChatMessage[]): string {
  const asked = lastUserText(messages);
  const best = nearest(passagesOf(messages), asked);
  return best ? `${best.answer} [${best.id}]` : standinNotice(messages, asked);
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

function nearest(passages: Passage[], asked: string): Passage | undefined {
  const wanted = embed(asked);
  const scored = passages.map((passage) => ({ passage, near: cosine(wanted, embed(passage.question)) }));
  return scored.sort((a, b) => b.near - a.near)[0]?.passage;
}

function standinNotice(messages: ChatMessage[], asked: string): string {
  const words = asked
    .replace(/\[\[[^\]]*\]\]/g, ' ')
    .trim()
    .split(/\s+/);
  const quote = words.slice(0, 8).join(' ') + (words.length > 8 ? ' …' : '');
  const system = messages.find((message) => message.role === 'system')?.content ?? '';
  const [near, toPerson] = [nearIn(system), OFFERS_PERSON.test(system)];
  if (readsGerman(asked) ?? readsGerman(system) ?? false) {
    const meant = near.length === 0 ? '' : ` Meintest du: ${near.map((title) => `„${title}“`).join(', ')}?`;
    const person = toPerson ? ' Ich kann die Frage auch an einen Menschen weitergeben.' : '';
    return `Ich bin nur ein lokaler Ersatz und kein Sprachmodell. Zu „${quote}“ habe ich in der Wissensbasis nichts gefunden.${meant}${person}`;
  }
  const meant = near.length === 0 ? '' : ` Did you mean: ${near.map((title) => `“${title}”`).join(', ')}?`;
  const person = toPerson ? ' I can also pass the question to a person.' : '';
  return `I am a local stand-in and not a language model. I found nothing in the knowledge base about “${quote}”.${meant}${person}`;
}

/** Returns the questions of near FAQs that the prompt lists. */
function nearIn(system: string): string[] {
  const block = /<questions key="(\w+)">\n([\s\S]*?)\n<\/questions key="\1">/.exec(system)?.[2] ?? '';
  return block.split('\n').flatMap((line) => (line.startsWith('- ') ? [unescaped(line.slice(2))] : []));
}

/** The rule of a prompt whose assistant hands over to people, in the languages that the stand-in writes. */
const OFFERS_PERSON = /pass the question to a person|an einen Menschen weiterzugeben/;
