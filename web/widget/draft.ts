import { DRAFT, keyOf, store } from './kept.ts';

/** What is written and not sent. Each user for whom the site vouches has a draft of their own. */
export class Draft {
  /** Rises when the text is another one. */
  turn = 0;
  /** For whom the site vouches; null: for nobody; undefined: it has not said. */
  who: string | null | undefined;
  /** Whether something was written in this visit. */
  #wrote = false;
  /** The text that the store has no room for. */
  #unkept = '';

  get text(): string {
    return this.#unkept || (store.getItem(keyOf(DRAFT, this.who)) ?? '');
  }

  keep(text: string): void {
    const key = keyOf(DRAFT, this.who);
    this.#wrote = true;
    this.#unkept = '';
    try {
      if (text) store.setItem(key, text);
      else store.removeItem(key);
    } catch {
      this.#unkept = text;
    }
  }

  /** Puts texts back into the field, before what it has. */
  giveBack(...texts: string[]): void {
    this.keep([...texts, this.text].filter(Boolean).join('\n'));
    this.turn += 1;
  }

  /** Shows the draft of another user. What was written on this page before the site said who is there is that user's. */
  turnTo(who: string | null): void {
    if (who === this.who) return;
    const typed = who && this.who === undefined && this.#wrote ? this.text : '';
    if (typed) this.keep('');
    this.#unkept = '';
    this.who = who;
    this.giveBack(typed);
  }
}
