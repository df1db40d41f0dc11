import type { LogLine } from '../../scripts/services/procfile.ts';
import type { RunEvent } from '../../shared/delivery/runEvents.ts';
import type { Planned } from './schedule.ts';

/** Kinds of failures. `lost`: not answered, or not shown. */
export type Kind = 'lost' | 'doubled' | 'spliced' | 'other';

/** A fault of a process or store that had a run. */
export type Hit = { at: number; kind: string };

/** Everything known of a run from outside the database. */
export type Story = {
  id: number;
  /** The message; undefined while only logs mention the run. */
  message?: Planned;
  /** Time of the 202, and time when the first device knew the end. Ms since 1970. */
  acceptedAt?: number;
  endedAt?: number;
  hits: Hit[];
  /** Stages that stored their result. */
  passed: Set<string>;
  /** Every event sent to any device, by seq. */
  events: Map<number, string>;
  /** Lines of processes, faults and devices. */
  lines: string[];
};

/** Limit of kept lines without a run; the newest stay. */
const KEPT_LINES = 3_000;
/** Ms in which a `web` delivers a run. After that the run waits behind another one. */
const DELIVERED_WITHIN_MS = 1_000;
/** Points at which a process gets and delivers a run; log lines of other releases. */
const BEGINS = ['web.committed', 'completion.claimed', 'housekeeping.raised'];
const ENDS = ['run.delivered', 'run.announced'];
const STAGES = ['moderation', 'context'];
const LETS_GO = ['Job done', 'Job put back; it runs again then', 'Run lost; this attempt ends'];

/** Records a round: which process has which run, which fault hit a run, and every event sent to devices. */
export class Journal {
  readonly stories = new Map<number, Story>();
  /** Failures, with their runs. */
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

  /** Adds a line to a run's story, or to the other lines. */
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
    if (msg === 'Request answered') return;
    this.tell(`${process}: ${point ?? msg}${queue ? ` (${queue})` : ''}${reason}${rest}`, runId);
    if (runId === undefined) return;
    this.story(runId).passed.add(String(point));
    const held = this.#heldBy(process);
    if (BEGINS.includes(String(point))) held.set(runId, Date.now());
    if (ENDS.includes(String(point)) || (queue === 'completion' && LETS_GO.includes(msg))) held.delete(runId);
  }

  /** Notes that a fault hit a process and its runs. @param gone whether the process has no runs any more */
  struck(process: string, { at, kind }: Hit, gone: boolean): void {
    const [slot = ''] = process.split(' ');
    const [type = ''] = slot.split('-');
    const hit = { at, kind: `${kind} ${type}` };
    // Stages do not log a start, so the fault may have hit any run that still needs the stage.
    if (STAGES.includes(type))
      for (const story of this.unfinished()) if (!story.passed.has(`${type}.saved`)) this.hit(story.id, hit);
    const heads = new Set(this.unfinished().map(({ id }) => id));
    for (const [runId, since] of this.#heldBy(process)) {
      // A run that waits behind another one could lose nothing yet.
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

  /** Returns the runs without an end that are the first of their conversation. */
  unfinished(): Story[] {
    const heads = new Map<string, Story>();
    for (const story of this.stories.values()) {
      if (story.message === undefined || story.acceptedAt === undefined || story.endedAt !== undefined)
        continue;
      const thread = `${story.message.user}/${story.message.conversation}`;
      const head = heads.get(thread);
      if (head === undefined || story.id < head.id) heads.set(thread, story);
    }
    return [...heads.values()];
  }

  /** Records an event sent to a device. A repeated event must be the same. */
  event(device: string, { event: name, data }: RunEvent): void {
    const story = this.story(data.run_id);
    const text = JSON.stringify([name, data]);
    const known = story.events.get(data.seq);
    if (known === undefined) story.events.set(data.seq, text);
    else if (known !== text) {
      this.wrong('spliced', `seq ${data.seq} was ${known}, and ${text} on ${device}`, data.run_id);
    }
  }

  /** Notes that a device knows a run's end. @returns whether it is the first device */
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
