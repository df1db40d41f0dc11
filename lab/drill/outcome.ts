/** What a drill found. Times in seconds. */
export type Outcome = {
  drill: string;
  /** Messages with a 202, without those of the erased account. */
  accepted: number;
  /** Of these, those that the restored database lacks. */
  missing: number;
  /** How old what was restored is: from its moment to the loss. */
  rpoS: number;
  /** From the loss to an installation that takes messages. */
  rtoS: number;
  /** Restored messages without an answer in the end, and those stored or answered twice. */
  unanswered: number;
  doubled: number;
  /** Owed runs that the restored installation answered. */
  answeredAfter: number;
  /** Erased accounts that are back in the end. */
  back: number;
  /** Whether rows may be missing: those after the restored moment. */
  wrong: string[];
};

export function isWell(one: Outcome): boolean {
  return one.unanswered + one.doubled + one.back + one.wrong.length === 0;
}

export function table(outcomes: Outcome[]): string {
  const row = (one: Outcome) =>
    [
      one.drill,
      one.accepted,
      one.missing,
      `${one.rpoS.toFixed(1)} s`,
      `${one.rtoS.toFixed(1)} s`,
      one.answeredAfter,
      one.unanswered,
      one.doubled,
      one.back,
      one.wrong.join('; ') || 'none',
    ].join(' | ');
  return [
    '| drill | messages with a 202 | of these lost | age of what was restored | until it took messages | answered after | unanswered | doubled | erased people back | faults |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...outcomes.map((one) => `| ${row(one)} |`),
  ].join('\n');
}
