import { tabLock } from '../sdk/browser.ts';
import type { RunEvent } from '../sdk/events.ts';
import type { WidgetOffer } from '../sdk/api.ts';
import { Refused, request } from '../sdk/http.ts';
import { Outbox, type Unsent } from '../sdk/outbox.ts';
import type { Vouched } from '../sdk/session.ts';
import { readRun } from '../sdk/stream.ts';
import type { Conversation, Message, Page, Taken, User } from '../sdk/types.ts';
import { RunView } from '../sdk/view.ts';
import { isOpen } from '../shared/heard.ts';
import { Draft } from './draft.ts';
import { DRAFT, keyOf, RATED, store, TALK } from './kept.ts';
import { joined, put, taken } from './thread.ts';
import { Visitor } from './visitor.ts';
import { Wire } from './wire.ts';
import { wish } from './words.ts';

const up = '..';
const base = `${location.origin}${new URL(up, import.meta.url).pathname.replace(/\/$/, '')}`;
const TAG = /^(?=.{2,10}$)[a-z]{2,3}(-[a-z\d]{1,8})*$/i;
const FRESH = 'new';
/** Ms for which a closed talk is shown to a visitor who comes back. */
const CLOSED_MS = 86_400_000;
/** The name by which analytics distinguish the widget from other clients. */
const CHANNEL = { 'x-channel': 'widget' };
const PAGE = 40;
/** Ms between two requests for a person's messages: without a live connection, and with one. */
const ASK_EVERY_MS = 4_000;
const LOOK_EVERY_MS = 20_000;
const PAUSE_MS = 1_000;
const ENDED: Partial<Record<RunEvent['event'], Message['status']>> = {
  'run.failed': 'failed',
  'run.cancelled': 'cancelled',
  response: 'delivered',
};

/**
 * The widget's conversation: one after the other, kept in the frame's own store across pages and visits. Reads answers as
 * streams, so that no library of sockets has to be loaded.
 */
export class Talk {
  messages: Message[] = [];
  status: Conversation['status'] | undefined;
  agent: string | undefined;
  /** When people answer again, outside the office hours. */
  opensAt: string | null = null;
  /** The assistant's greeting, and the questions that it suggests. */
  offer: WidgetOffer | undefined;
  /** Whether a person gave the talk back while it was looked at. */
  returned = false;
  /** Whether this closed talk was rated just now. */
  thanked = false;
  offline = false;
  /** Whether the messages of an earlier visit are there, if there are any. */
  isLoaded = false;
  /** Whether the sign-in ended elsewhere, and the talk with it. */
  ended = false;
  readonly draft = new Draft();
  readonly #visitor = new Visitor({
    base,
    found: () => this.#takeUp(),
    entered: (isVouched) => this.#enter(isVouched),
    left: (user) => this.#leave(user),
  });
  readonly session = this.#visitor.session;
  readonly wire = new Wire({
    base,
    session: this.session,
    conversation: () => this.#conversation,
    news: () => void this.#load().catch(() => {}),
    changed: () => this.#changed(),
  });
  readonly #changed: () => void;
  readonly #said: (message: Message) => void;
  readonly #reading = new Set<number>();
  #outbox: Outbox | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param changed called at each change
   * @param said called with each answer that is whole
   */
  constructor(changed: () => void, said: (message: Message) => void) {
    this.#changed = changed;
    this.#said = said;
    this.session.subscribe(() => this.#watch());
  }

  get unsent(): Unsent[] {
    return this.#outbox?.list() ?? [];
  }

  get isNew(): boolean {
    return this.session.state !== 'in';
  }

  /** Whether a person has the talk, or is asked for. */
  get isAwaited(): boolean {
    return this.status === 'waiting' || this.status === 'agent';
  }

  /** Takes up the talk of an earlier visit. */
  async resume(): Promise<void> {
    try {
      await this.#visitor.takeUp();
      this.isLoaded = true;
    } catch {
      this.offline = true;
      setTimeout(() => void this.resume(), 3 * PAUSE_MS);
    }
    this.#changed();
  }

  /**
   * Takes a user for whom the site vouches; null: nobody any more. The talk of another such user is left, also one that is only
   * now taken up.
   */
  identify(user: Vouched | null): void {
    this.draft.turnTo(user && user.external_id);
    this.ended = false;
    this.#visitor.identify(user);
    this.#changed();
  }

  /** Sends a message; the first one makes a guest, or signs in whom the site vouches for. */
  async send(content: string): Promise<void> {
    const { who } = this.draft;
    if (!this.#outbox) await this.#visitor.signIn();
    // Another user was named meanwhile, who must not send it. Before the first name, it is the first one's.
    if (who !== undefined && who !== this.draft.who) return;
    this.ended = false;
    const conversation = this.#conversation ?? FRESH;
    const assistant = conversation === FRESH && wish.assistant ? { assistant_id: wish.assistant } : {};
    this.#outbox?.add({ conversation, content, ...assistant });
    this.#changed();
  }

  /** Asks what the assistant says first. Without an answer the widget has words of its own. */
  async greet(): Promise<void> {
    const { assistant, language } = wish;
    const asked = new URLSearchParams();
    if (TAG.test(language)) asked.set('language', language);
    if (assistant) asked.set('assistant', String(assistant));
    try {
      this.offer = await request<WidgetOffer>(base, 'GET', `/widget/offer?${asked}`);
      this.opensAt ??= this.offer.opens_at;
      this.#changed();
    } catch {}
  }

  /** Asks for a person. */
  async ask(): Promise<void> {
    const id = this.#conversation;
    const taken = await this.session.call<Conversation>('POST', `/conversations/${id}/handoff`, { body: {} });
    // Left meanwhile.
    if (this.#conversation !== id) return;
    this.#take(taken);
    this.#changed();
  }

  /** Whether to ask how the talk was: once, and only of a talk with an answer. */
  get isRated(): boolean {
    return store.getItem(RATED) === String(this.#conversation) || this.messages.length < 2;
  }

  /** Says how the talk was. @returns whether it is still the one that is shown */
  async score(score: number): Promise<boolean> {
    const id = this.#conversation;
    await this.session.call('POST', `/conversations/${id}/rating`, { body: { score } });
    if (this.#conversation !== id) return false;
    this.thanked = true;
    this.skip();
    return true;
  }

  /** Stops asking how this talk was. */
  skip(): void {
    store.setItem(RATED, String(this.#conversation));
    this.#changed();
  }

  retry(key: string): void {
    this.#outbox?.retry(key);
  }

  async stop(): Promise<void> {
    const open = this.messages.findLast(({ status, run_id }) => run_id !== null && isOpen(status));
    if (open) await this.session.call('POST', `/runs/${open.run_id}/cancel`, { body: {} });
  }

  async rate({ id }: Message, rating: 'up' | 'down'): Promise<void> {
    await this.session.call('POST', `/messages/${id}/feedback`, { body: { rating } });
    const message = this.messages.find((one) => one.id === id);
    if (message) this.#put({ ...message, feedback: rating });
  }

  /** Sends what waits, and looks for news: the network is back, or the page is looked at again. */
  wake(): void {
    void this.#outbox?.flush();
    if (this.session.state === 'in') void this.#load().catch(() => {});
  }

  /** Begins another conversation. */
  begin(): void {
    store.setItem(this.#talk, FRESH);
    this.#clear();
  }

  #clear(): void {
    this.messages = [];
    this.status = undefined;
    this.returned = false;
    this.thanked = false;
    this.wire.close();
    clearTimeout(this.#timer);
    this.#changed();
  }

  async #takeUp(): Promise<void> {
    this.#openOutbox();
    await this.#find();
    await this.#load();
  }

  async #enter(isVouched: boolean): Promise<void> {
    // What an earlier visitor left is not theirs. Who was here before goes on where they were.
    this.begin();
    this.#openOutbox();
    if (!isVouched) return;
    store.removeItem(this.#talk);
    await this.#find();
    await this.#load();
  }

  #leave(user: User | null): void {
    for (const key of [this.#talk, RATED, keyOf(DRAFT, user?.external_id)]) store.removeItem(key);
    // No way leads back to a guest.
    if (user?.role === 'guest') for (const { key } of this.unsent) this.#outbox?.drop(key);
    this.#closeOutbox();
    this.#clear();
  }

  /** Finds the newest talk where the store knows none: browsers may deny a frame its store, or clear it. */
  async #find(): Promise<void> {
    const key = this.#talk;
    if (store.getItem(key) !== null) return;
    const { data } = await this.session.call<Page<Conversation>>('GET', '/conversations?limit=1');
    // Left meanwhile.
    if (this.#talk !== key || store.getItem(key) !== null) return;
    for (const { id, status, last_message_at } of data) {
      const isClosed = status === 'resolved';
      if (isClosed && Date.now() - Date.parse(last_message_at) > CLOSED_MS) continue;
      store.setItem(key, String(id));
      // Whether it was rated nobody knows here. It is not asked on each page.
      if (isClosed) store.setItem(RATED, String(id));
    }
  }

  /**
   * Begins anew where the sign-in ended elsewhere: its guest is erased, or another tab signed in somebody else. What was not sent
   * goes back into the field.
   */
  #watch(): void {
    if (this.session.state === 'in' || !this.#outbox) return;
    // Another tab may have taken them already.
    this.#outbox.reread();
    const unsent = this.unsent.map(({ key, content }) => {
      this.#outbox?.drop(key);
      return content;
    });
    this.#closeOutbox();
    this.draft.giveBack(...unsent);
    this.ended = true;
    this.#clear();
  }

  #closeOutbox(): void {
    this.#outbox?.close();
    this.#outbox = undefined;
  }

  #openOutbox(): void {
    if (this.#outbox !== undefined) return;
    const outbox = new Outbox(`widget.${this.session.user?.id}`, {
      store,
      lock: tabLock,
      send: async (message) => {
        try {
          const taken = await this.#post(message);
          this.offline = false;
          return taken;
        } catch (err) {
          this.offline = !(err instanceof Refused);
          this.#changed();
          throw err;
        }
      },
      sent: (message, taken) => {
        // Not if the talk was left meanwhile.
        if (this.#outbox === outbox) this.#sent(message, taken);
      },
    });
    this.#outbox = outbox;
    outbox.subscribe(this.#changed);
    void outbox.flush();
  }

  #post({ content, conversation, assistant_id, key }: Unsent): Promise<Taken> {
    const where = typeof conversation === 'number' ? { conversation_id: conversation } : {};
    const body = { content, ...where, ...(assistant_id && { assistant_id }) };
    return this.session.asUser((token) =>
      request<Taken>(base, 'POST', '/chat/send', { body, key, token, headers: CHANNEL }),
    );
  }

  #sent({ content }: Unsent, answer: Taken): void {
    store.setItem(this.#talk, String(answer.conversation_id));
    for (const message of taken(content, answer)) this.#put(message);
    if (answer.reply_id === null || answer.run_id === null) this.#askAgain();
    else void this.#read(answer.run_id);
  }

  async #load(): Promise<void> {
    const id = this.#conversation;
    if (id === undefined) return;
    try {
      const path = `/conversations/${id}`;
      const [{ data }, conversation] = await Promise.all([
        this.session.call<Page<Message>>('GET', `${path}/messages?order=desc&limit=${PAGE}`),
        this.session.call<Conversation>('GET', path),
      ]);
      // Left meanwhile.
      if (this.#conversation !== id) return;
      const known = new Set(this.messages.map((message) => message.id));
      const isFirst = this.messages.length === 0;
      this.messages = joined(this.messages, data.toReversed());
      this.#take(conversation);
      this.offline = false;
      for (const message of data) {
        if (message.run_id !== null && isOpen(message.status)) void this.#read(message.run_id);
        const isNews = isFirst ? message.id > wish.seen : !known.has(message.id);
        if (isNews && message.message_type === 'agent') this.#said(message);
      }
    } catch (err) {
      if (!(err instanceof Refused) || err.code !== 'not_found') throw err;
      // The conversation was deleted elsewhere, and not left meanwhile.
      if (this.#conversation === id) this.begin();
    }
    this.#changed();
  }

  #take({ status, agent, available_at }: Conversation): void {
    if (this.status !== status) this.returned = this.isAwaited && status === 'bot';
    this.status = status;
    this.agent = agent?.name;
    if (status === 'waiting') this.opensAt = available_at;
    if (this.isAwaited) this.#askAgain();
    else this.wire.close();
  }

  #askAgain(): void {
    clearTimeout(this.#timer);
    if (!this.#outbox) return;
    const wait = this.wire.isOpen ? LOOK_EVERY_MS : ASK_EVERY_MS;
    this.#timer = setTimeout(() => void this.#load().catch(() => this.#askAgain()), wait);
    void this.wire.open().catch(() => {});
  }

  /** Reads a run to its end, again after each break. */
  async #read(run: number): Promise<void> {
    if (this.#reading.has(run)) return;
    this.#reading.add(run);
    const view = new RunView();
    const take = (event: RunEvent) => this.#show(view, event);
    while (!view.ended && this.session.state === 'in') {
      try {
        // A run that is not there has nothing to show.
        const token = await this.session.token();
        if (!(await readRun({ base, token, run, after: view.seq, take }))) break;
      } catch {}
      if (!view.ended) await new Promise((over) => setTimeout(over, PAUSE_MS));
    }
    this.#reading.delete(run);
    await this.#load().catch(() => {});
  }

  #show(view: RunView, event: RunEvent): void {
    const ended = ENDED[event.event];
    // A stream has a hole where the log is gone. Its terminal event then says all.
    if (!view.take(event)) {
      if (!ended) return;
      view.replace(event);
    }
    const found = this.messages.find(
      ({ run_id, message_type }) => run_id === event.data.run_id && message_type === 'assistant',
    );
    if (!found) return;
    const message = { ...found, content: view.text, status: ended ?? 'streaming' };
    this.#put(message);
    if (ended) this.#said(message);
  }

  #put(message: Message): void {
    this.messages = put(this.messages, message);
    this.#changed();
  }

  get #conversation(): number | undefined {
    return (this.session.user && Number(store.getItem(this.#talk))) || undefined;
  }

  /** Names the talk of this user alone: another tab may be another user's. */
  get #talk(): string {
    return keyOf(TALK, this.session.user?.id);
  }
}
