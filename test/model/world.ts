import { knex } from '../../db/knex.ts';
import { Actor, clock, perform, quiet, type Answer, type Step } from './control.ts';
import { Deliveries } from './deliveries.ts';
import { Device } from './device.ts';
import { Fence } from './fence.ts';
import { race } from './race.ts';
import { Requests } from './requests.ts';
import { sparedBy } from './spared.ts';
import { Worker } from './worker.ts';
import type { Instance } from './workers.ts';

/** The life of one conversation: its processes, their waiting steps, and what the user's device shows. */
export class World {
  readonly trace: string[] = [];
  readonly wrongs: string[] = [];
  readonly deliveries: Deliveries;
  readonly workers: Worker[];
  readonly device: Device;
  readonly requests: Requests;
  readonly userId: number;
  /** Actors that are paused without noticing, like a paused container. */
  readonly frozen = new Set<Actor>();
  wiped = false;

  private constructor(userId: number, device: Device, instances: Instance[], deliveries: Deliveries) {
    this.userId = userId;
    this.device = device;
    this.deliveries = deliveries;
    this.workers = instances.map((instance, i) => new Worker(`worker${i + 1}`, instance, deliveries));
    this.requests = new Requests(userId, device);
  }

  static async begin(instances: Instance[], deliveries: Deliveries): Promise<World> {
    const name = `model_${Date.now()}_${Math.floor(performance.now() * 1000)}`;
    const [user] = (await knex('users')
      .insert({
        email: `${name}@example.com`,
        username: name,
        hashed_password: '-',
        gdpr_consent: true,
        data_processing_consent: true,
      })
      .returning('id')) as { id: number }[];
    await deliveries.wipe();
    clock.now = 0;
    const userId = user?.id ?? 0;
    return new World(userId, await Device.listen(userId), instances, deliveries);
  }

  get actors(): Actor[] {
    return [...this.requests.actors, ...this.workers.map(({ actor }) => actor)];
  }

  /** The steps that may be performed, the oldest request first. */
  get steps(): Step[] {
    return this.actors.filter((actor) => !this.frozen.has(actor)).flatMap(({ steps }) => steps);
  }

  /** Pauses a worker for longer than its lease and its job's lock last. */
  async pause(worker: Worker): Promise<void> {
    this.frozen.add(worker.actor);
    worker.stall();
    await this.expireLeases();
  }

  /** Does one thing and everything that follows by itself. Errors are recorded: a statement must not fail. */
  async act(label: string, action: () => unknown): Promise<void> {
    this.trace.push(label);
    try {
      await action();
    } catch (err) {
      this.wrongs.push(`${label}: ${String(err)}`);
    }
    await this.#settled();
  }

  async step(step: Step, answer: Answer = 'given'): Promise<void> {
    const label = `${step.actor.name}: ${step.label}${answer === 'given' ? '' : ` (${answer})`}`;
    await this.act(label, async () => {
      const fence = await Fence.before(step);
      await perform(step, answer);
      this.wrongs.push(...(await fence.breaches()), ...(await sparedBy(step, this.userId)));
    });
  }

  async race(first: Step, second: Step): Promise<void> {
    const label = [first, second].map((step) => `${step.actor.name}: ${step.label}`).join(' || ');
    await this.act(label, async () => {
      await race(first, second);
      for (const step of [first, second]) this.wrongs.push(...(await sparedBy(step, this.userId)));
    });
  }

  /** Lets all leases run out, as after a missed heartbeat. */
  async expireLeases(): Promise<void> {
    clock.now += 9_000;
    await knex.raw(
      "UPDATE runs SET lease_until = clock_timestamp() - interval '1 s' WHERE lease_until IS NOT NULL AND user_id = ?",
      [this.userId],
    );
  }

  /** Makes everything due that was put back for later. */
  async wake(): Promise<void> {
    await knex.raw(
      "UPDATE runs SET not_before = clock_timestamp() - interval '1 s' WHERE not_before IS NOT NULL AND user_id = ?",
      [this.userId],
    );
    await Requests.endBreakers();
    for (const job of this.deliveries.in('resting')) job.state = 'waiting';
  }

  async kill(worker: Worker): Promise<void> {
    this.frozen.delete(worker.actor);
    await worker.crash();
  }

  async wipe(): Promise<void> {
    this.wiped = true;
    await this.deliveries.wipe();
  }

  async end(): Promise<void> {
    for (const worker of this.workers) await worker.crash();
    for (const actor of this.requests.actors) await actor.die();
    await knex('users').where({ id: this.userId }).delete();
  }

  async #settled(): Promise<void> {
    await quiet();
    for (let dull = this.#dull(); dull !== undefined; dull = this.#dull()) await perform(dull);
    this.requests.forget();
    await this.deliveries.mark();
    await this.device.caughtUp();
  }

  #dull(): Step | undefined {
    return this.actors.flatMap(({ steps }) => steps).find(({ kind }) => kind === 'dull');
  }
}
