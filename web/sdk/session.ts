import { type Options, Refused, request, requestFile } from './http.ts';
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
    if (this.#mark === null && this.#where.keep !== 'frame') return this.#end();
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

  /** Signs out. Without a server the sign-in is forgotten here all the same. */
  async logout(everywhere = false): Promise<void> {
    await this.#signOut(everywhere).catch(() => {});
    this.#end();
  }

  /** Returns an access token that holds for a while. @throws Refused, Unreachable */
  async token(): Promise<string> {
    if (this.#isOver) await this.refresh();
    return this.#access;
  }

  /** Gets new tokens. Ends the sign-in if the server does not know it any more. @throws Refused, Unreachable */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#where
      .lock(`${this.#name}.refresh`, () => this.#refresh())
      .finally(() => {
        this.#refreshing = undefined;
      });
    return this.#refreshing;
  }

  /** Says that the account has changed: what `PATCH /users/me` answered. */
  changed(user: User): void {
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
    return this.#signed((token) => request<T>(this.#where.base, method, path, { ...options, token }));
  }

  /** Gets a file as the user. @throws Refused, Unreachable */
  file(path: string): Promise<Blob> {
    return this.#signed((token) => requestFile(this.#where.base, path, { token }));
  }

  async #signed<T>(work: (token: string) => Promise<T>): Promise<T> {
    const token = await this.token();
    try {
      return await work(token);
    } catch (err) {
      if (!(err instanceof Refused) || err.problem.status !== 401) throw err;
      if (token === this.#access) await this.refresh();
      return work(this.#access);
    }
  }

  /** An access token that has run out would end nothing, so a new one is got first. It is not taken: nobody is signed in by it. */
  async #signOut(everywhere: boolean): Promise<void> {
    const token = this.#isOver ? (await this.#renewed()).access_token : this.#access;
    const body = everywhere ? { everywhere } : {};
    await request(this.#where.base, 'POST', '/auth/logout', { body, token, headers: this.#headers });
  }

  async #refresh(): Promise<void> {
    const mark = this.#mark;
    try {
      const renewed = await this.#renewed();
      // Signed out meanwhile, here or in another tab.
      if (mark !== null && this.#mark === null) throw nobody();
      this.#take(renewed);
    } catch (err) {
      if (isRefusal(err)) this.#end();
      throw err;
    }
  }

  /** Returns new tokens. @throws Refused, Unreachable */
  async #renewed(): Promise<SignIn> {
    // Read inside of the lock: another tab may have spent the token that this one knew.
    const mark = this.#mark;
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

  async #enter(path: string, body: object, token?: string): Promise<void> {
    const { base } = this.#where;
    const headers = this.#headers;
    this.#take(await request<SignIn>(base, 'POST', path, { body, headers, ...(token && { token }) }));
  }

  #take({ user, access_token, refresh_token, expires_in }: SignIn): void {
    this.user = user;
    this.state = 'in';
    this.#access = access_token;
    this.#until = Date.now() + expires_in * 1000;
    this.#where.store.setItem(this.#key, refresh_token ?? COOKIE);
    this.#keepUser(user);
    this.#tell();
  }

  #keepUser(user: User): void {
    try {
      this.#where.store.setItem(this.#userKey, JSON.stringify(user));
    } catch {
      // The store is full: without a network nobody will be known.
    }
  }

  #end(): void {
    this.user = null;
    this.state = 'out';
    this.#access = '';
    this.#until = 0;
    this.#where.store.removeItem(this.#key);
    this.#where.store.removeItem(this.#userKey);
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
