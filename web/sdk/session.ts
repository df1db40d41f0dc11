import { type Options, Refused, request } from './http.ts';
import { KeptSignIn } from './keptSignIn.ts';
import { isRefusal, type Keep, nobody, renew, signIn, tellLeft } from './tokens.ts';
import type { Lock, SignIn, Store, User } from './types.ts';

type Where = {
  base: string;
  store: Store;
  lock: Lock;
  keep: Keep;
  /** Prefix of this client's keys in the store. */
  name?: string;
};

export type SessionState = 'unknown' | 'in' | 'out';
export type Registration = {
  email: string;
  username: string;
  password: string;
  gdpr_consent: true;
  data_processing_consent?: boolean;
  marketing_consent?: boolean;
  language?: string;
  timezone?: string;
};
export type GuestFields = Pick<
  Registration,
  'gdpr_consent' | 'data_processing_consent' | 'language' | 'timezone'
>;
export type Vouched = {
  external_id: string;
  hash: string;
  email?: string;
  name?: string;
  language?: string;
  gdpr_consent?: boolean;
  data_processing_consent?: boolean;
};

/** A token that ends sooner than this is refreshed before it is used. */
const SPARE_MS = 30_000;

/** Who is signed in. Holds the access token in memory, and refreshes it once at a time across all tabs. */
export class Session {
  user: User | null = null;
  state: SessionState = 'unknown';
  /** Whether the server ended the sign-in that this page had: elsewhere, or with the account. */
  lost = false;
  readonly #where: Where;
  readonly #kept: KeptSignIn;
  readonly #changed = new Set<() => void>();
  #access = '';
  #until = 0;
  #refreshing: Promise<void> | undefined;

  constructor(where: Where) {
    this.#where = where;
    this.#kept = new KeptSignIn(where.store, this.#name);
  }

  /** Calls `listener` at each change of user or state. Returns a function that ends this. */
  subscribe = (listener: () => void): (() => void) => {
    this.#changed.add(listener);
    return () => this.#changed.delete(listener);
  };

  /**
   * Takes up the sign-in of an earlier visit, if there is one. Without a network, the user is the one of that visit, whose
   * messages can be written and wait. @throws Unreachable when nobody is known
   */
  async restore(): Promise<void> {
    const isLeft = this.#kept.left === null || (await this.#locked(() => this.#leaveAtLast()));
    if (!isLeft || (this.#kept.mark === null && this.#where.keep !== 'frame')) return this.#end();
    try {
      await this.refresh();
    } catch (err) {
      if (err instanceof Refused && err.problem.status < 500) return;
      const known = this.#kept.user;
      if (known === null) throw err;
      this.user = known;
      this.state = 'in';
      this.#tell();
    }
  }

  login(email: string, password: string): Promise<void> {
    return this.#enter('/auth/login', { email, password });
  }

  /** @param token of the answer `second_factor_required` */
  secondFactor(token: string, code: string): Promise<void> {
    return this.#enter('/auth/second-factor', { token, code });
  }

  /** Registers. A guest becomes the account and keeps its conversations. */
  async register(fields: Registration): Promise<void> {
    const token = this.user?.role === 'guest' ? await this.token() : undefined;
    return this.#enter('/auth/register', fields, token);
  }

  guest(fields: GuestFields): Promise<void> {
    return this.#enter('/auth/guest', fields);
  }

  widget(fields: Vouched): Promise<void> {
    return this.#enter('/auth/widget', fields);
  }

  /** Signs out. Without a server the sign-in is forgotten here all the same, and the server hears of it at the next visit. */
  async logout(everywhere = false): Promise<void> {
    const [kept, who] = [this.#kept, this.user?.id];
    const { mark } = kept;
    // Read now: a page may forget the sign-in while this waits for the lock.
    const access = this.#isOver ? undefined : this.#access;
    if (mark !== null) kept.leave(mark, everywhere);
    const isOther = () => {
      const { user } = kept;
      return user !== null && who !== undefined && user.id !== who;
    };
    await this.#locked(async () => {
      if (!isOther()) await this.#tellLeft(mark, access, everywhere);
      // The cookie belongs to another user, whom another tab signed in meanwhile. The answer must not delete it.
      else if (access)
        await tellLeft(this.#where, access, everywhere, { credentials: 'omit' }).catch(() => {});
      // Without locks somebody may sign in while the server answers.
      if (isOther()) this.#forget();
      else this.#end();
    });
  }

  /** Returns an access token that holds for a while. @throws Refused, Unreachable */
  async token(): Promise<string> {
    if (this.#isOver) await this.refresh();
    return this.#access;
  }

  /** Gets new tokens. Ends the sign-in if the server does not know it any more. @throws Refused, Unreachable */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#locked(() => this.#refresh()).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Says that the account has changed: what `PATCH /users/me` answered. Too late after a sign-out, or for another user. */
  changed(user: User): void {
    if (this.user?.id !== user.id) return;
    this.user = user;
    this.#kept.keepUser(user);
    this.#tell();
  }

  /** Forgets a sign-in that ended elsewhere. */
  ended(): void {
    this.#end();
  }

  /** Sends a request as the user. A token that the server refuses is refreshed once. @throws Refused, Unreachable */
  call<T>(method: string, path: string, options: Omit<Options, 'token'> = {}): Promise<T> {
    return this.signed((token) => request<T>(this.#where.base, method, path, { ...options, token }));
  }

  /** Does work as the user, and gives its result to nobody else, who signed in meanwhile. @throws Refused, Unreachable */
  async signed<T>(work: (token: string) => Promise<T>): Promise<T> {
    const { user } = this;
    const answer = await this.asUser(work);
    if (user && this.user && user.id !== this.user.id) throw nobody();
    return answer;
  }

  /**
   * Does work with the user's token. One that the server refuses is refreshed once. Returns the result whoever is signed in by
   * then: what the server has stored must not be sent again. @throws Refused, Unreachable
   */
  async asUser<T>(work: (token: string) => Promise<T>): Promise<T> {
    const { user } = this;
    // What one user asks for is never asked with the token of another, who signed in meanwhile.
    const mine = (token: string) => {
      if (user && user.id !== this.user?.id) throw nobody();
      return work(token);
    };
    const token = await this.token();
    try {
      return await mine(token);
    } catch (err) {
      if (!(err instanceof Refused) || err.problem.status !== 401) throw err;
      if (token === this.#access) await this.refresh();
      return mine(this.#access);
    }
  }

  /**
   * Tells the server of a sign-out. An access token that has run out, or that the server refuses, would end nothing, so a new one
   * is got first. It is not taken: nobody is signed in by it.
   */
  async #tellLeft(mark: string | null, access: string | undefined, everywhere: boolean): Promise<void> {
    try {
      // Another tab may have spent the token that this one knew.
      const token = access ?? (await renew(this.#where, this.#kept.mark ?? mark)).access_token;
      await tellLeft(this.#where, token, everywhere);
      this.#kept.heard();
    } catch (err) {
      if (!isRefusal(err)) return;
      if (access === undefined) this.#kept.heard();
      else await this.#leaveAtLast();
    }
  }

  /** Signs out whom the server did not hear leave. Returns false where it still does not. */
  async #leaveAtLast(): Promise<boolean> {
    const kept = this.#kept;
    const { left } = kept;
    if (left === null) return true;
    const [mark = '', everywhere] = left.split(' ');
    try {
      const { access_token } = await renew(this.#where, mark);
      // Where another tab signed in meanwhile, the cookie is that sign-in's.
      if (kept.left !== left) return true;
      await tellLeft(this.#where, access_token, everywhere !== undefined);
      kept.heard();
    } catch (err) {
      if (isRefusal(err)) kept.heard();
    }
    return kept.left === null;
  }

  async #refresh(): Promise<void> {
    const [kept, before] = [this.#kept, this.user];
    const { mark } = kept;
    // Without locks somebody else may sign in meanwhile, who stays.
    const isLate = () => before && this.user && before.id !== this.user.id;
    try {
      // Inside of the lock: another tab may have spent the token that this one knew.
      const renewed = await renew(this.#where, mark);
      // Signed out meanwhile, here or in another tab.
      if (mark !== null && kept.mark === null) throw nobody();
      if (isLate()) return;
      if (this.#where.keep !== 'frame' || before === null || before.id === renewed.user.id)
        return this.#take(renewed);
      kept.keep(renewed);
    } catch (err) {
      if (isRefusal(err) && !isLate()) {
        this.lost = mark !== null && kept.mark !== null && before !== null;
        this.#end();
      }
      throw err;
    }
    // The site vouches for somebody else in another tab. What this page shows is not theirs.
    this.#forget();
    throw nobody();
  }

  /** Waits for a refresh that is on its way, here or in another tab: its cookie would take the place of the new one. */
  #enter(path: string, body: object, token?: string): Promise<void> {
    return this.#locked(async () => {
      // The new sign-in takes the place of one that the server still has to hear of.
      await this.#leaveAtLast();
      this.#take(await signIn(this.#where, path, body, token));
    });
  }

  #take(signedIn: SignIn): void {
    this.user = signedIn.user;
    this.state = 'in';
    this.lost = false;
    this.#access = signedIn.access_token;
    this.#until = Date.now() + signedIn.expires_in * 1000;
    this.#kept.keep(signedIn);
    this.#tell();
  }

  #locked<T>(work: () => Promise<T>): Promise<T> {
    return this.#where.lock(`${this.#name}.refresh`, work);
  }

  #end(): void {
    this.#kept.forget();
    this.#forget();
  }

  #forget(): void {
    this.user = null;
    this.state = 'out';
    this.#access = '';
    this.#until = 0;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#changed) listener();
  }

  get #isOver(): boolean {
    return Date.now() > this.#until - SPARE_MS;
  }

  get #name(): string {
    return this.#where.name ?? 'parley';
  }
}
