import type { Agent } from './agent.ts';
import type { Journal, Kind, Story } from './journal.ts';
import type { Options } from './schedule.ts';
import type { User } from './user.ts';

/** Number of slowest recoveries to describe. */
const SLOWEST = 5;

type Times = { runs: number; p50_s: number; p99_s: number; max_s: number };
export type Report = Options & {
  ok: boolean;
  duration_s: number;
  /** Runs of messages with a 202, and how they ended. */
  accepted: number;
  /** Messages that joined the run of another, and messages that stand before a person. */
  joined: number;
  standing: number;
  /** Conversations that agents took, and their replies. */
  taken: number;
  replies: number;
  completed: number;
  cancelled: number;
  crashed: number;
  /** Runs and other things that went wrong, by kind. */
  wrong: Record<Kind, number>;
  faults: Record<string, number>;
  /** Time from the last fault of a run until the first device knew the end. */
  recovery: Times | null;
  recovery_by_fault: Record<string, Times>;
  /** Time from the first fault of a run until the first device knew the end. */
  recovery_from_first: Times | null;
};

type Round = {
  options: Options;
  journal: Journal;
  users: User[];
  agents: Agent[];
  faults: ReadonlyMap<string, number>;
  durationMs: number;
};

/** Sums up a round. */
export function makeReport({ options, journal, users, agents, faults, durationMs }: Round): Report {
  const accepted = [...journal.stories.values()].filter(({ message }) => message !== undefined);
  const hit = recoveries(journal);
  const kinds = [...new Set(hit.map(({ kind }) => kind))].toSorted();
  const count = (kind: Kind) => {
    const found = journal.wrongs.filter((wrong) => wrong.kind === kind);
    return new Set(found.map(({ runId, what }) => runId ?? what)).size;
  };
  const endedWith = (name: string) =>
    accepted.filter(({ events }) => [...events.values()].some((event) => event.startsWith(`["${name}"`)))
      .length;
  const [cancelled, crashed] = [endedWith('run.cancelled'), endedWith('run.failed')];
  return {
    ...options,
    ok: journal.wrongs.length === 0,
    duration_s: Math.round(durationMs / 1000),
    accepted: accepted.length,
    joined: sum(users.flatMap((user) => [...user.accepted.values()].map((parts) => parts.size - 1))),
    standing: sum(users.map((user) => user.standing.size)),
    taken: sum(agents.map((agent) => agent.held.length)),
    replies: sum(agents.map((agent) => agent.replies.length)),
    completed: accepted.filter(({ endedAt }) => endedAt).length - cancelled - crashed,
    cancelled,
    crashed,
    wrong: {
      lost: count('lost'),
      doubled: count('doubled'),
      spliced: count('spliced'),
      other: count('other'),
    },
    faults: Object.fromEntries(faults),
    recovery: times(hit.map(({ ms }) => ms)),
    recovery_by_fault: Object.fromEntries(
      kinds.map((kind) => [kind, times(hit.filter((one) => one.kind === kind).map(({ ms }) => ms)) as Times]),
    ),
    recovery_from_first: times(hit.map(({ fromFirst }) => fromFirst)),
  };
}

/** Prints a report as tables. */
export function printReport(report: Report): void {
  const {
    accepted,
    joined,
    standing,
    taken,
    replies,
    completed,
    cancelled,
    crashed,
    wrong,
    faults,
    recovery,
    recovery_by_fault,
    recovery_from_first,
  } = report;
  console.log('\nfaults injected');
  console.table(faults);
  console.log('recovery: seconds from the last fault that hit a run until its user knew the end');
  console.table({
    ...recovery_by_fault,
    ...(recovery && { 'all faults': recovery }),
    ...(recovery_from_first && { '(from the first hit)': recovery_from_first }),
  });
  console.log(
    `${accepted + joined + standing} messages taken in ${report.duration_s} s: ${joined} joined one of ${accepted} runs, ${standing} stand before a person`,
  );
  console.log(
    `of the runs ${completed} answered, ${cancelled} cancelled by users and agents, ${crashed} given up after three crashes; agents took ${taken} conversations and replied ${replies} times`,
  );
  console.log(
    `lost ${wrong.lost}, doubled ${wrong.doubled}, spliced ${wrong.spliced}, otherwise wrong ${wrong.other}`,
  );
}

/** Describes the failures, and the stories of failed and slowest runs. */
export function describe(journal: Journal): string {
  const wrong = new Set(journal.wrongs.flatMap(({ runId }) => runId ?? []));
  const slow = recoveries(journal)
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, SLOWEST);
  const stories = [
    ...[...wrong].map((id) => `RUN ${id} ${tellStory(journal.story(id))}`),
    ...slow.map(({ story, ms }) => `SLOW RUN ${story.id}, ${ms} ms ${tellStory(story)}`),
  ];
  const wrongs = journal.wrongs.map(
    ({ kind, what, runId }) => `${kind}: ${runId ? `run ${runId}: ` : ''}${what}`,
  );
  return [...wrongs, '', ...stories, '', 'WHAT ELSE WAS SAID', ...journal.kept].join('\n');
}

type Recovery = { story: Story; kind: string; ms: number; fromFirst: number };

function recoveries(journal: Journal): Recovery[] {
  return [...journal.stories.values()].flatMap((story) => {
    const { message, hits, endedAt = 0 } = story;
    const before = hits.filter(({ at }) => at <= endedAt);
    const [first, last] = [before[0], before.at(-1)];
    if (!message || !first || !last) return [];
    return [{ story, kind: last.kind, ms: endedAt - last.at, fromFirst: endedAt - first.at }];
  });
}

function tellStory({ message, lines, events }: Story): string {
  const sorted = [...events].toSorted(([a], [b]) => a - b).map(([, event]) => `  ${event}`);
  return [JSON.stringify(message), ...lines.map((line) => `  ${line}`), ...sorted].join('\n');
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function times(ms: number[]): Times | null {
  if (ms.length === 0) return null;
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (share: number) => {
    const found = sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
    return Math.round(found / 10) / 100;
  };
  return { runs: ms.length, p50_s: at(0.5), p99_s: at(0.99), max_s: at(1) };
}
