import { type Options, Refused, request } from './http.ts';
import type { Lock, SignIn, Store, User } from './types.ts';

type Where = {
  base: string;
  store: Store;
  lock: Lock;
  /**
   * `cookie`: the refresh token travels in a cookie that scripts cannot read, for pages of Parley's own site. `frame`: in a
   * cookie that the browser keeps for each site that shows the frame; where it keeps none, the store has the token. `store`:
   * for programs.
   */
  keep: 'cookie' | 'frame' | 'store';
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
/** What the store has instead of a token that a cookie holds. */
const COOKIE = 'cookie';

/** Who is signed in. Holds the access token in memory, and refreshes it once at a time across all tabs. */
export class Session {
  user: User | null = null;
  state: SessionState = 'unknown';
  /** Whether the server ended the sign-in that this page had: elsewhere, or with the account. */
  lost = false;
  readonly #where: Where;
  readonly #changed = new Set<() => void>();
  #access = '';
  #until = 0;
  #refreshing: Promise<void> | undefined;

  constructor(where: Where) {
    this.#where = where;
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
    const isLeft = this.#leftMark === null || (await this.#locked(() => this.#leaveAtLast()));
    if (!isLeft || (this.#mark === null && this.#where.keep !== 'frame')) return this.#end();
    try {
      await this.refresh();
    } catch (err) {
      if (err instanceof Refused && err.problem.status < 500) return;
      const known = this.#where.store.getItem(this.#userKey);
      if (known === null) throw err;
      this.user = JSON.parse(known) as User;
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
    const [mark, who] = [this.#mark, this.user?.id];
    // Read now: a page may forget the sign-in while this waits for the lock.
    const access = this.#isOver ? undefined : this.#access;
    if (mark !== null) this.#note(this.#leftKey, everywhere ? `${mark} everywhere` : mark);
    const isOther = () => {
      const kept = this.#where.store.getItem(this.#userKey);
      return kept !== null && who !== undefined && (JSON.parse(kept) as User).id !== who;
    };
    await this.#locked(async () => {
      if (!isOther()) await this.#signOut(mark, access, everywhere).then(this.#left, this.#leftIfRefused);
      // The cookie is that of whom another tab signed in meanwhile. The answer must not delete it.
      else if (access) await this.#tellLeft(access, everywhere, { credentials: 'omit' }).catch(() => {});
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
    this.#keepUser(user);
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
   * Tells the server. An access token that has run out would end nothing, so a new one is got first. It is not taken: nobody is
   * signed in by it.
   */
  async #signOut(mark: string | null, access: string | undefined, everywhere: boolean): Promise<void> {
    // Another tab may have spent the token that this one knew.
    const token = access ?? (await this.#renewed(this.#mark ?? mark)).access_token;
    await this.#tellLeft(token, everywhere);
  }

  #tellLeft(token: string, everywhere: boolean, how: Options = { headers: this.#headers }): Promise<void> {
    const body = everywhere ? { everywhere } : {};
    return request(this.#where.base, 'POST', '/auth/logout', { body, token, ...how });
  }

  /** Signs out whom the server did not hear leave. Returns false where it still does not. */
  async #leaveAtLast(): Promise<boolean> {
    const left = this.#leftMark;
    if (left === null) return true;
    const [mark = '', everywhere] = left.split(' ');
    try {
      const { access_token } = await this.#renewed(mark);
      // Where another tab signed in meanwhile, the cookie is that sign-in's.
      if (this.#leftMark !== left) return true;
      await this.#tellLeft(access_token, everywhere !== undefined);
      this.#left();
    } catch (err) {
      this.#leftIfRefused(err);
    }
    return this.#leftMark === null;
  }

  #left = (): void => this.#where.store.removeItem(this.#leftKey);

  /** A server that refuses knows the sign-in no more. */
  #leftIfRefused = (err: unknown): void => {
    if (isRefusal(err)) this.#left();
  };

  async #refresh(): Promise<void> {
    const [mark, before] = [this.#mark, this.user];
    // Without locks somebody else may sign in meanwhile, who stays.
    const isLate = () => before && this.user && before.id !== this.user.id;
    try {
      const renewed = await this.#renewed();
      // Signed out meanwhile, here or in another tab.
      if (mark !== null && this.#mark === null) throw nobody();
      if (isLate()) return;
      if (this.#where.keep !== 'frame' || before === null || before.id === renewed.user.id)
        return this.#take(renewed);
      this.#keep(renewed);
    } catch (err) {
      if (isRefusal(err) && !isLate()) {
        this.lost = mark !== null && this.#mark !== null && before !== null;
        this.#end();
      }
      throw err;
    }
    // The site vouches for somebody else in another tab. What this page shows is not theirs.
    this.#forget();
    throw nobody();
  }

  /**
   * Returns new tokens. @throws Refused, Unreachable
   * @param mark read inside of the lock: another tab may have spent the token that this one knew
   */
  async #renewed(mark = this.#mark): Promise<SignIn> {
    const renewed =
      (await this.#renewByCookie(mark)) ??
      (mark !== null && mark !== COOKIE ? await this.#renew({ refresh_token: mark }) : undefined);
    if (renewed === undefined) throw nobody();
    return renewed;
  }

  /** Returns undefined where no cookie serves: for a frame that has none yet, and at a server that knows none for frames. */
  async #renewByCookie(mark: string | null): Promise<SignIn | undefined> {
    const { keep } = this.#where;
    if (keep === 'store' || (keep === 'cookie' && mark === null)) return undefined;
    try {
      return await this.#renew({});
    } catch (err) {
      if (keep === 'frame' && mark !== COOKIE && isRefusal(err)) return undefined;
      throw err;
    }
  }

  #renew(body: { refresh_token?: string }): Promise<SignIn | undefined> {
    return request(this.#where.base, 'POST', '/auth/refresh', { body, headers: this.#headers });
  }

  /** Waits for a refresh that is on its way, here or in another tab: its cookie would take the place of the new one. */
  #enter(path: string, body: object, token?: string): Promise<void> {
    return this.#locked(async () => {
      // The new sign-in takes the place of one that the server still has to hear of.
      await this.#leaveAtLast();
      const options = { body, headers: this.#headers, ...(token && { token }) };
      this.#take(await request<SignIn>(this.#where.base, 'POST', path, options));
    });
  }

  #take(signIn: SignIn): void {
    this.user = signIn.user;
    this.state = 'in';
    this.lost = false;
    this.#access = signIn.access_token;
    this.#until = Date.now() + signIn.expires_in * 1000;
    this.#keep(signIn);
    this.#tell();
  }

  #keep({ user, refresh_token }: SignIn): void {
    // The cookie is no more that of whom the server did not hear leave.
    this.#left();
    this.#where.store.setItem(this.#key, refresh_token ?? COOKIE);
    this.#keepUser(user);
  }

  #locked<T>(work: () => Promise<T>): Promise<T> {
    return this.#where.lock(`${this.#name}.refresh`, work);
  }

  #keepUser(user: User): void {
    this.#note(this.#userKey, JSON.stringify(user));
  }

  #note(key: string, text: string): void {
    try {
      this.#where.store.setItem(key, text);
    } catch {
      // The store is full: without a network nobody will be known, and a server that does not hear of a sign-out now never will.
    }
  }

  #end(): void {
    this.#where.store.removeItem(this.#key);
    this.#where.store.removeItem(this.#userKey);
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

  get #key(): string {
    return `${this.#name}.session`;
  }

  get #userKey(): string {
    return `${this.#name}.user`;
  }

  get #leftKey(): string {
    return `${this.#name}.left`;
  }

  /** The mark of a sign-in that is over here, and perhaps not at the server; with ` everywhere` behind it. */
  get #leftMark(): string | null {
    return this.#where.store.getItem(this.#leftKey);
  }

  /** The refresh token; with a cookie, a word that there is one. Saves a request that would be refused. */
  get #mark(): string | null {
    return this.#where.store.getItem(this.#key);
  }

  get #headers(): Record<string, string> {
    const { keep } = this.#where;
    return keep === 'store' ? {} : { 'x-session': keep };
  }
}

function nobody(): Refused {
  return new Refused({ code: 'unauthenticated', status: 401 });
}

function isRefusal(err: unknown): boolean {
  return err instanceof Refused && [400, 401, 403].includes(err.problem.status);
}
