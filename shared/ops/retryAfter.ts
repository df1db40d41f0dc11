/** Statuses by which a server asks to come back later. */
const LATER = [429, 503];

/**
 * Returns how many seconds a server asks to wait (Retry-After: seconds, or a date).
 * @param mostS no longer than that, whatever it says
 * @returns null when it does not ask
 */
export function retryAfterOf(
  status: number,
  header: string | undefined,
  mostS: number,
  now = Date.now(),
): number | null {
  const said = header?.trim() ?? '';
  if (!LATER.includes(status) || said === '') return null;
  const seconds = /^\d+$/.test(said) ? Number(said) : Math.ceil((Date.parse(said) - now) / 1_000);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, mostS) : null;
}
