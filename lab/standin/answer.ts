import { cosine, embed } from './embedding.ts';
import { readsGerman } from './words.ts';

export type ChatMessage = { role: string; content: string };

/** Returns the user's last message; '' without one. */
export function lastUserText(messages: ChatMessage[]): string {
  return messages.findLast((message) => message.role === 'user')?.content ?? '';
}

/**
 * Returns the answer of the passage with the question nearest to the last user message, cited as ` [id]`. Without
 * passages, returns a sentence in English or German that says that this is not a model.
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
    return [{ id, question: unescaped(parts[1] ?? ''), answer: unescaped(parts[2] ?? '') }];
  });
}

function unescaped(text: string): string {
  return text
    .trim()
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
  if (readsGerman(asked) ?? readsGerman(system) ?? false) {
    return `Ich bin nur ein lokaler Ersatz und kein Sprachmodell. Zu „${quote}“ habe ich in der Wissensbasis nichts gefunden.`;
  }
  return `I am a local stand-in and not a language model. I found nothing in the knowledge base about “${quote}”.`;
}
