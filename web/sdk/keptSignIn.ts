import type { SignIn, Store, User } from './types.ts';

/** What the store has instead of a token that a cookie holds. */
export const COOKIE = 'cookie';

/** What the store keeps of a sign-in, for the next visit and for other tabs. `name` begins its keys. */
export class KeptSignIn {
  readonly #store: Store;
  readonly #name: string;

  constructor(store: Store, name: string) {
    this.#store = store;
    this.#name = name;
  }

  /** The refresh token; with a cookie, a word that there is one, which saves a request that would be refused. */
  get mark(): string | null {
    return this.#store.getItem(this.#key('session'));
  }

  get user(): User | null {
    const kept = this.#store.getItem(this.#key('user'));
    return kept === null ? null : (JSON.parse(kept) as User);
  }

  /** The mark of a sign-in that is over here, and perhaps not at the server; with ` everywhere` behind it. */
  get left(): string | null {
    return this.#store.getItem(this.#key('left'));
  }

  /** Keeps a sign-in. @throws what a full store throws: a spent token must not stay */
  keep({ user, refresh_token }: SignIn): void {
    // The cookie is this sign-in's now: no request can end the one before it any more.
    this.heard();
    this.#store.setItem(this.#key('session'), refresh_token ?? COOKIE);
    this.keepUser(user);
  }

  /** Keeps the user, who is known without a network then. A full store keeps nobody. */
  keepUser(user: User): void {
    this.#note('user', JSON.stringify(user));
  }

  /** Notes that the server has to hear of a sign-out. Where the store is full, it never will if it does not now. */
  leave(mark: string, everywhere: boolean): void {
    this.#note('left', everywhere ? `${mark} everywhere` : mark);
  }

  /** Forgets a sign-out that the server has heard of. */
  heard(): void {
    this.#store.removeItem(this.#key('left'));
  }

  forget(): void {
    this.#store.removeItem(this.#key('session'));
    this.#store.removeItem(this.#key('user'));
  }

  #note(what: 'user' | 'left', text: string): void {
    try {
      this.#store.setItem(this.#key(what), text);
    } catch {
      // The store is full.
    }
  }

  #key(what: 'session' | 'user' | 'left'): string {
    return `${this.#name}.${what}`;
  }
}
