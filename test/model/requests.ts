import type { SignedUser } from '../../shared/accounts/authenticate.ts';
import { intake } from '../../shared/conversations/intake.ts';
import { cancel } from '../../shared/conversations/ownRun.ts';
import { settleInBackground } from '../../shared/delivery/runs.ts';
import { knex } from '../../db/knex.ts';
import { Conversation } from '../../db/models/conversation.ts';
import { handOver, takeOver } from '../../db/models/people.ts';
import { Problem } from '../../shared/base/errors.ts';
import { redis } from '../../shared/delivery/redis.ts';
import { type Found, reconcile } from '../../workers/housekeeping.ts';
import { Actor } from './control.ts';
import type { Device } from './device.ts';

type Post = {
  key: string;
  body: Parameters<typeof intake>[1];
  runId: number | null;
  messageId: number | null;
  refused: string | null;
  /** It stands before a person: no run answers it. */
  stands: boolean;
};

/** The requests of the user and of housekeeping. Each is an actor of its own, which may die. */
export class Requests {
  readonly posts: Post[] = [];
  readonly wrongs: string[] = [];
  readonly #userId: number;
  readonly #device: Device;
  readonly #going = new Map<Actor, Promise<void>>();
  conversationId: number | null = null;
  deleted = false;
  found: Found | null = null;

  constructor(userId: number, device: Device) {
    this.#userId = userId;
    this.#device = device;
  }

  get actors(): Actor[] {
    return [...this.#going.keys()];
  }

  forget(): void {
    for (const [actor] of this.#going)
      if (over.has(actor) && actor.steps.length + actor.timers.size === 0) this.#going.delete(actor);
  }

  post(multitask_strategy: 'enqueue' | 'interrupt' | 'coalesce'): void {
    const key = `key ${this.posts.length + 1}`;
    const conversation_id = this.conversationId;
    this.posts.push({
      key,
      body: { content: key, conversation_id, multitask_strategy },
      runId: null,
      messageId: null,
      refused: null,
      stands: false,
    });
    this.repeat(this.posts.length - 1);
  }

  /** Posts a message again under its key. */
  repeat(index: number): void {
    const post = this.posts[index];
    if (post === undefined) return;
    const user = { id: this.#userId, language: 'en' } as SignedUser;
    const sender = { user, ip: '127.0.0.1' };
    this.#begin(`post "${post.key}"`, async () => {
      const { answer, replayed } = await intake(sender, post.body, post.key, 'model').catch(
        (err: unknown) => {
          if (!(err instanceof Problem)) throw err;
          post.refused = err.code;
          throw err;
        },
      );
      if ((post.runId !== null || post.stands) && post.runId !== answer.run_id)
        this.wrongs.push(`two runs of "${post.key}"`);
      if (post.messageId !== null && post.messageId !== answer.message_id)
        this.wrongs.push(`two messages of "${post.key}"`);
      post.runId = answer.run_id;
      post.stands = answer.run_id === null;
      post.messageId = answer.message_id;
      this.conversationId = answer.conversation_id;
      if (answer.run_id === null) return;
      const shown = this.#device.know(answer.run_id);
      // What it stored before may have been answered before the client knew of it.
      if (replayed) shown.wants = !shown.view.ended;
    });
  }

  cancel(runId: number): void {
    this.#begin(`cancel ${runId}`, () => cancel(this.#userId, runId));
  }

  /** The user asks for a person. */
  handOver(): void {
    const id = this.conversationId ?? 0;
    this.#begin('handoff', async () => {
      const handed = await handOver(id, this.#userId, null);
      if (handed) settleInBackground({ ended: handed.ended, next: null, news: id });
    });
  }

  /** An agent takes the conversation. Here the user is the agent, too. */
  take(): void {
    const id = this.conversationId ?? 0;
    this.#begin('take', async () => {
      const { outcome, ended } = await takeOver(id, this.#userId, knex);
      if (outcome === 'done') settleInBackground({ ended, next: null, news: id });
    });
  }

  delete(): void {
    this.deleted = true;
    this.#begin('delete', async () => {
      const gone = await Conversation.remove(this.conversationId ?? 0, this.#userId);
      if (gone) settleInBackground({ ended: gone.ended, next: null });
    });
  }

  lookAgain(): void {
    this.found = null;
  }

  reconcile(): void {
    this.lookAgain();
    this.#begin('reconciler', async () => {
      this.found = await reconcile(0);
    });
  }

  resume(runId: number): void {
    this.#begin(`resume ${runId}`, () => this.#device.resume(runId));
  }

  has(prefix: string): boolean {
    return this.actors.some(({ name }) => name.startsWith(prefix));
  }

  /** Closes the breakers, so that every model may be called again. */
  static async endBreakers(): Promise<void> {
    const keys = await redis.keys('breaker:*');
    if (keys.length > 0) await redis.del(...keys);
  }

  /**
   * Begins a request. Its errors end it: a problem is an answer, and rest.ts repeats what failed without Postgres
   * or Redis.
   */
  #begin(name: string, ask: () => Promise<unknown>): void {
    const actor = new Actor(name);
    const going = actor.run(ask).then(
      () => {},
      () => {},
    );
    this.#going.set(
      actor,
      going.then(() => {
        over.add(actor);
      }),
    );
  }
}

const over = new WeakSet<Actor>();
