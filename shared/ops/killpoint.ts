/** Points between two steps, where the fault tests make a process die, stop or hang. */
export type KillPoint =
  | 'web.committed'
  | 'webhook.claimed'
  | 'webhook.sent'
  | 'moderation.decided'
  | 'moderation.saved'
  | 'context.built'
  | 'context.saved'
  | 'completion.claimed'
  | 'completion.opened'
  | 'completion.showing'
  | 'completion.shown'
  | 'completion.releasing'
  | 'completion.streamed'
  | 'completion.finished'
  | 'run.closed'
  | 'run.announced'
  | 'run.delivered'
  | 'housekeeping.raised'
  | 'housekeeping.delivered'
  | 'people.committed'
  | 'news.telling'
  | 'news.told'
  | 'summary.written'
  | 'guest.retired'
  | 'guest.erased'
  | 'export.kept'
  | 'retention.deleted'
  | 'retention.signed'
  | 'keys.sealed'
  | 'erasure.requested'
  | 'erasure.erased'
  | 'erasure.forgotten'
  | 'notification.claimed'
  | 'notification.scheduling'
  | 'mail.claimed'
  | 'mail.sent'
  | 'push.claimed'
  | 'push.sent';
export type KillPointHook = (point: KillPoint, runId: number) => void;

export const HOOK = Symbol.for('parley.killpoint');

/** Does nothing unless the fault tests (test/support/killpoints.ts) have set a hook. */
export function killPoint(point: KillPoint, runId: number): void {
  (globalThis as { [HOOK]?: KillPointHook })[HOOK]?.(point, runId);
}
