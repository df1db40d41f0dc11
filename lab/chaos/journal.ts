import type { LogLine } from '../../scripts/services/procfile.ts';
import type { RunEvent } from '../../shared/delivery/runEvents.ts';
import type { Planned } from './schedule.ts';

/** What can be wrong. `lost`: not answered, or not shown; `other`: anything that ought not to be. */
export type Kind = 'lost' | 'doubled' | 'spliced' | 'other';

/** A fault that struck while a run was in the hands of what it struck. */
export type Hit = { at: number; kind: string };

/** All that is known of a run from outside the database. */
export type Story = {
  id: number;
  /** What was asked, and whose it is; unknown while only logs tell of the run. */
  message?: Planned;
  /** The 202 came, and the first device knew how it ended. Milliseconds since 1970. */
  acceptedAt?: number;
  endedAt?: number;
  hits: Hit[];
  /** The stages that left their result. */
  passed: Set<string>;
  /** Every event that any device was ever sent, under its seq. */
  events: Map<number, string>;
  /** What processes, faults and devices had to say. */
  lines: string[];
};

/** Of how many lines that name no run the latest are kept. */
const KEPT_LINES = 3_000;
/** A `web` that has not delivered a run by then had nothing to deliver: the run waits behind another. */
const DELIVERED_WITHIN_MS = 1_000;
/** The points between which a process holds a run, and what it says when it lets go otherwise. */
const BEGINS = ['web.committed', 'completion.claimed', 'housekeeping.raised'];
const ENDS = ['run.delivered', 'run.announced'];
const STAGES = ['moderation', 'context'];
const LETS_GO = ['job done', 'job put back', 'run lost'];

/** Who holds which run, which fault hit it, and what every device was sent: the memory of a round. */
export class Journal {
  readonly stories = new Map<number, Story>();
  /** What is wrong, and with which run. */
  readonly wrongs: { kind: Kind; what: string; runId?: number }[] = [];
  readonly kept: string[] = [];
  readonly #began = Date.now();
  readonly #held = new Map<string, Map<number, number>>();

  story(runId: number): Story {
    const known = this.stories.get(runId);
    if (known) return known;
    const story: Story = { id: runId, hits: [], passed: new Set(), events: new Map(), lines: [] };
    this.stories.set(runId, story);
    return story;
  }

  wrong(kind: Kind, what: string, runId?: number): void {
    this.wrongs.push({ kind, what, ...(runId !== undefined && { runId }) });
    this.tell(`WRONG (${kind}): ${what}`, runId);
  }

  /** Notes something, in a run's story or among the rest. */
  tell(what: string, runId?: number): void {
    const line = `${((Date.now() - this.#began) / 1000).toFixed(3)} ${what}`;
    if (runId !== undefined) this.story(runId).lines.push(line);
    else if (this.kept.push(line) > KEPT_LINES) this.kept.shift();
  }

  /** Takes a line of a process's log. */
  heard(process: string, line: LogLine): void {
    const { msg = '', point, run_id, queue, err, pid: _, hostname: _h, time: _t, level: _l, ...more } = line;
    const runId = typeof run_id === 'number' && run_id > 0 ? run_id : undefined;
    const reason = err === undefined ? '' : ` ${JSON.stringify(err).slice(0, 600)}`;
    const rest = Object.keys(more).length > 0 ? ` ${JSON.stringify(more).slice(0, 300)}` : '';
    if (msg === 'request') return;
    this.tell(`${process}: ${point ?? msg}${queue ? ` (${queue})` : ''}${reason}${rest}`, runId);
    if (runId === undefined) return;
    this.story(runId).passed.add(String(point));
    const held = this.#heldBy(process);
    if (BEGINS.includes(String(point))) held.set(runId, Date.now());
    if (ENDS.includes(String(point)) || (queue === 'completion' && LETS_GO.includes(msg))) held.delete(runId);
  }

  /** A fault struck a process: what it held was hit. `gone`: it holds nothing any more. */
  struck(process: string, { at, kind }: Hit, gone: boolean): void {
    const [slot = ''] = process.split(' ');
    const [type = ''] = slot.split('-');
    const hit = { at, kind: `${kind} ${type}` };
    // These do not say what they have begun: any run that still needs them.
    if (STAGES.includes(type))
      for (const story of this.unfinished()) if (!story.passed.has(`${type}.saved`)) this.hit(story.id, hit);
    const heads = new Set(this.unfinished().map(({ id }) => id));
    for (const [runId, since] of this.#heldBy(process)) {
      // Those that wait behind another one had nothing to lose yet.
      if (type === 'web' && (at - since > DELIVERED_WITHIN_MS || !heads.has(runId))) continue;
      this.hit(runId, hit);
    }
    if (gone) this.#held.delete(process);
  }

  hit(runId: number, hit: Hit): void {
    const story = this.story(runId);
    if (story.endedAt !== undefined && story.endedAt < hit.at) return;
    story.hits.push(hit);
    this.tell(`hit by ${hit.kind}`, runId);
  }

  /** Runs whose clients wait for an end and that no other run of their conversation is in front of. */
  unfinished(): Story[] {
    const heads = new Map<string, Story>();
    for (const story of this.stories.values()) {
      if (story.message === undefined || story.acceptedAt === undefined || story.endedAt !== undefined)
        continue;
      const place = `${story.message.user}/${story.message.conversation}`;
      const head = heads.get(place);
      if (head === undefined || story.id < head.id) heads.set(place, story);
    }
    return [...heads.values()];
  }

  /** An event that a device was sent: whoever sends it again must send the same. */
  event(device: string, { event: name, data }: RunEvent): void {
    const story = this.story(data.run_id);
    const text = JSON.stringify([name, data]);
    const known = story.events.get(data.seq);
    if (known === undefined) story.events.set(data.seq, text);
    else if (known !== text) {
      this.wrong('spliced', `seq ${data.seq} was ${known}, and ${text} on ${device}`, data.run_id);
    }
  }

  /** A device knows how a run ended. @returns whether it is the first one */
  ended(runId: number): boolean {
    const story = this.story(runId);
    const first = story.endedAt === undefined;
    story.endedAt ??= Date.now();
    return first;
  }

  #heldBy(process: string): Map<number, number> {
    const held = this.#held.get(process) ?? new Map<number, number>();
    this.#held.set(process, held);
    return held;
  }
}
