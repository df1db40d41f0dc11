import type { Session } from '../sdk/session.ts';

/** Ms for which a sign of typing holds, and ms between two signs. */
const TYPES_MS = 5_000;
const TYPING_EVERY_MS = 3_000;

type Ways = {
  base: string;
  session: Session;
  /** Returns the conversation that is shown. */
  conversation: () => number | undefined;
  /** Called when a person wrote, or did something with the conversation. */
  news: () => void;
  /** Called when the person who answers begins to type, and when they end. */
  changed: () => void;
};

/** Brings a person's messages and signs of typing at once. Without it the widget asks for the messages at intervals. */
export class Wire {
  /** Whether the person who answers is typing. */
  typing = false;
  readonly #ways: Ways;
  #socket: WebSocket | undefined;
  #typed: ReturnType<typeof setTimeout> | undefined;
  #told = 0;

  constructor(ways: Ways) {
    this.#ways = ways;
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Connects, unless it is connected. @throws Refused, Unreachable */
  async open(): Promise<void> {
    if (this.#socket) return;
    const { base, session, conversation, news } = this.#ways;
    const who = session.user?.id;
    const token = await session.token();
    // Another call was faster, or the talk was left.
    const id = session.user?.id;
    if (this.#socket || id !== who || session.state !== 'in') return;
    const url = `${base.replace(/^http/, 'ws')}/api/v1/chat/ws/${id}`;
    const socket = new WebSocket(url, ['parley', token]);
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const { type, conversation_id } = JSON.parse(data as string) as {
        type: string;
        conversation_id: number;
      };
      if (conversation_id !== conversation()) return;
      if (type === 'typing') this.#types(true);
      if (type !== 'agent' && type !== 'conversation') return;
      this.#types(false);
      news();
    };
    socket.onclose = () => {
      if (this.#socket === socket) this.#socket = undefined;
    };
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
    this.typing = false;
  }

  /** Tells the person who answers that the user types. */
  tellTyping(): void {
    if (!this.isOpen || Date.now() - this.#told < TYPING_EVERY_MS) return;
    this.#told = Date.now();
    this.#socket?.send(JSON.stringify({ type: 'typing', conversation_id: this.#ways.conversation() }));
  }

  #types(typing: boolean): void {
    clearTimeout(this.#typed);
    if (typing) this.#typed = setTimeout(() => this.#types(false), TYPES_MS);
    this.typing = typing;
    this.#ways.changed();
  }
}
