/** Preloaded (--import) into a process: sets its clock SKEW_MS ahead, or behind if negative. */
const by = Number(process.env.SKEW_MS ?? 0);
const now = Date.now.bind(Date);
globalThis.Date = class extends Date {
  constructor(...given: [] | [number]) {
    super(given.length === 0 ? now() + by : given[0]);
  }
  static override now(): number {
    return now() + by;
  }
} as DateConstructor;
