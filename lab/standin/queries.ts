import type { ChatMessage } from './answer.ts';
import { topicWords } from './words.ts';
import { isObject, type JsonObject } from './wire.ts';

/** Words of a question from which it names its own topic. */
const ENOUGH = 3;

/** Says whether a request asks for search queries (shared/prompt/query.ts), by the name of the JSON that it wants. */
export function asksForQueries({ response_format: format }: JsonObject): boolean {
  return isObject(format) && isObject(format.json_schema) && format.json_schema.name === 'search_queries';
}

/**
 * Returns the queries as JSON. Understands nothing: it puts the words of the questions before behind the message, up to one
 * that names a topic. A message without a conversation stays as it is, so there is no query.
 */
export function queriesOf(messages: ChatMessage[]): string {
  const { message, before } = askedIn(messages.at(-1)?.content ?? '');
  const topic: string[] = [];
  for (const question of before.reverse()) {
    if (topic.length >= ENOUGH) break;
    topic.push(...topicWords(question).filter((word) => !topic.includes(word)));
  }
  return JSON.stringify({ queries: topic.length === 0 ? [] : [`${message} ${topic.join(' ')}`] });
}

type Asked = { conversation?: { role: string; text: string }[]; message?: string };

function askedIn(text: string): { message: string; before: string[] } {
  const { conversation = [], message = '' } = JSON.parse(text) as Asked;
  return { message, before: conversation.filter(({ role }) => role === 'user').map((one) => one.text) };
}
