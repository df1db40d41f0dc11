import type { Message } from '../sdk/types.ts';

/**
 * Decides what a screen reader announces: that an answer begins, and each message of others once, when it is whole. Earlier
 * messages are not announced.
 */
export class Ear {
  #last: number | undefined;
  readonly #growing = new Set<number>();

  /**
   * Returns what came since the last call: answers that begin, and messages that are whole. The first call gets what is there.
   */
  hear(messages: Message[]): Message[] {
    const newest = messages.at(-1)?.id ?? 0;
    const last = this.#last ?? newest;
    const isFirst = this.#last === undefined;
    this.#last = Math.max(last, newest);
    return messages.filter(({ id, message_type, status }) => {
      if (message_type === 'user') return false;
      if (!isOpen(status)) return this.#growing.delete(id) || id > last;
      const begins = !this.#growing.has(id) && !isFirst;
      this.#growing.add(id);
      return begins;
    });
  }
}

export function isOpen(status: Message['status']): boolean {
  return status === 'pending' || status === 'streaming';
}
