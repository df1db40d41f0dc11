import { visible } from '../services/visible.ts';

type Person = { id: number; name: string };
type Message = {
  id: number;
  content: string;
  message_type: 'user' | 'assistant' | 'system' | 'agent';
  agent?: Person | null;
  created_at: string;
};
type Conversation = {
  id: number;
  title: string | null;
  status: string;
  agent: Person | null;
  handoff_reason: string | null;
};
type Item = {
  conversation: Conversation;
  user: { id: number; name: string; language: string };
  last_message: Message | null;
  waiting_since: string | null;
  unread: number;
};
type Shown = Item & {
  messages: Message[];
  notes: { content: string; agent: Person | null }[];
  summary: string | null;
};
type Refusal = { code?: string; detail?: string; title?: string };

/** What a person may type, and what it does. */
export const COMMANDS: Record<string, { parameters: string; help: string }> = {
  list: { parameters: '', help: 'what waits or has a person, longest waiting first' },
  show: { parameters: 'ID', help: 'the conversation, its notes and its summary' },
  take: { parameters: 'ID', help: 'take it: from now on the bot says nothing' },
  reply: { parameters: 'ID TEXT', help: 'answer the user' },
  note: { parameters: 'ID TEXT', help: 'note something that the user never sees' },
  draft: { parameters: 'ID', help: 'what the assistant would answer; sent to nobody' },
  return: { parameters: 'ID', help: 'give it back to the bot' },
  resolve: { parameters: 'ID', help: 'end it; the next message of the user reopens it' },
};

/** The inbox of a signed-in agent, as commands. Prints what comes of them. */
export class Inbox {
  readonly #url: string;
  readonly #signIn: () => Promise<string>;
  readonly #print: (line: string) => void;
  #token: string | undefined;
  #current: number | undefined;

  constructor(url: string, signIn: () => Promise<string>, print: (line: string) => void) {
    this.#url = url;
    this.#signIn = signIn;
    this.#print = (line) => print(visible(line));
  }

  /** Does what a command says. Returns false when it was refused or is not one. */
  async run([command = '', ...words]: string[]): Promise<boolean> {
    if (!Object.hasOwn(COMMANDS, command)) {
      this.#print(`"${command}" must be one of: ${Object.keys(COMMANDS).join(', ')}`);
      return false;
    }
    try {
      await (command === 'list' ? this.#list() : this.#about(command, words));
      return true;
    } catch (err) {
      this.#print(err instanceof Error ? err.message : String(err));
      return false;
    }
  }

  async #about(command: string, words: string[]): Promise<void> {
    const named = /^\d+$/.test(words[0] ?? '');
    const id = named ? Number(words[0]) : this.#current;
    const text = words.slice(named ? 1 : 0).join(' ');
    if (id === undefined) throw new Error(`${command} needs the id of a conversation`);
    if (['reply', 'note'].includes(command) && text.trim() === '') throw new Error(`${command} needs a text`);
    this.#current = id;
    if (command === 'show') return this.#show(id);
    if (command === 'reply' || command === 'note') {
      await this.#ask<Message>('POST', `/${id}/${command}`, { content: text });
      return this.#print(command === 'reply' ? `sent to conversation ${id}` : `noted in conversation ${id}`);
    }
    if (command === 'draft') return this.#draft(id);
    const body = command === 'resolve' ? {} : undefined;
    const { status, agent } = await this.#ask<Conversation>('POST', `/${id}/${command}`, body);
    this.#print(`conversation ${id} is ${status}${agent === null ? '' : `, with ${agent.name}`}`);
  }

  async #list(): Promise<void> {
    const { data, next_cursor } = await this.#ask<{ data: Item[]; next_cursor: string | null }>('GET', '');
    if (data.length === 0) this.#print('nobody waits');
    for (const { conversation, user, last_message, waiting_since, unread } of data) {
      const who = user.name || `guest ${user.id}`;
      const state = conversation.agent === null ? conversation.status : `with ${conversation.agent.name}`;
      const since = waiting_since === null ? '' : `, waits for ${age(waiting_since)}`;
      this.#print(`${conversation.id}  ${who}: ${state}${since}, ${unread} unread`);
      if (last_message !== null) this.#print(`     ${line(last_message.content)}`);
    }
    if (next_cursor !== null) this.#print('     …');
  }

  async #show(id: number): Promise<void> {
    const { conversation, user, messages, notes, summary } = await this.#ask<Shown>('GET', `/${id}`);
    const { status, title, handoff_reason } = conversation;
    this.#print(`conversation ${id}, ${status}: ${title ?? 'no title'}`);
    if (handoff_reason !== null) this.#print(`reason: ${handoff_reason}`);
    if (summary !== null) this.#print(`summary: ${summary}`);
    for (const { message_type, agent, content } of messages) {
      const who = {
        user: user.name || 'user',
        agent: agent?.name ?? 'agent',
        assistant: 'bot',
        system: 'system',
      };
      this.#print(`  ${who[message_type]}: ${content}`);
    }
    for (const { agent, content } of notes) this.#print(`  note of ${agent?.name ?? 'an agent'}: ${content}`);
  }

  async #draft(id: number): Promise<void> {
    const { content, sources } = await this.#ask<{
      content: string;
      sources: { faq_id: number; question: string }[];
    }>('POST', `/${id}/draft`);
    this.#print(content);
    for (const { faq_id, question } of sources) this.#print(`  [${faq_id}] ${question}`);
  }

  /** Asks the API; signs in first, and again when the token has run out. @throws Error with the refusal */
  async #ask<T>(method: string, path: string, body?: object): Promise<T> {
    const renewed = this.#token === undefined;
    this.#token ??= await this.#signIn();
    const answer = await fetch(`${this.#url}/api/v1/inbox${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body && { 'content-type': 'application/json' }),
        ...(method === 'POST' && path.endsWith('/reply') && { 'idempotency-key': crypto.randomUUID() }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(70_000),
    }).catch((cause: unknown) => {
      throw new Error(`cannot reach Parley at ${this.#url}`, { cause });
    });
    if (answer.status === 401 && !renewed) {
      this.#token = undefined;
      return this.#ask(method, path, body);
    }
    const said: unknown = await answer.json().catch(() => ({}));
    if (answer.ok) return said as T;
    const { code, detail, title } = said as Refusal;
    throw new Error(`${code ?? answer.status}: ${detail ?? title ?? 'refused'}`);
  }
}

function age(since: string): string {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(since)) / 1_000));
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

function line(text: string): string {
  const one = [...text.replace(/\s+/g, ' ')];
  return one.length <= 90 ? one.join('') : `${one.slice(0, 89).join('')}…`;
}
