import {
  changeSettings,
  type Choices,
  type Kind,
  KINDS,
  type QuietHours,
  settingsOf,
} from '../../db/models/notification.ts';
import { knex } from '../../db/knex.ts';
import type { Choice } from '../../db/models/notification.ts';
import { choiceOf, REFUSABLE } from './choices.ts';

export type OwnSettings = Record<Kind, Choice> & { quiet_hours: QuietHours | null };
type Change = Choices & { quiet_hours?: QuietHours | null };

/** Returns what a user is told, kind by kind, and their quiet hours. */
export async function ownSettings(userId: number): Promise<OwnSettings> {
  const { kinds, quiet_hours } = await settingsOf(userId);
  const chosen = KINDS.map((kind) => [kind, choiceOf(kinds, kind)]);
  return { ...(Object.fromEntries(chosen) as Record<Kind, Choice>), quiet_hours };
}

/** Changes what a user is told. Returns the settings afterwards. */
export async function changeOwnSettings(
  userId: number,
  { quiet_hours, ...kinds }: Change,
): Promise<OwnSettings> {
  await knex.transaction((trx) => changeSettings(userId, kinds, quiet_hours, trx));
  return ownSettings(userId);
}

/** Stops mails of these kinds to a user. Other channels stay as they are. */
export async function stopMails(userId: number, kinds: Kind[]): Promise<void> {
  const chosen = kinds.filter((kind) => REFUSABLE.includes(kind)).map((kind) => [kind, { email: false }]);
  await knex.transaction((trx) =>
    changeSettings(userId, Object.fromEntries(chosen) as Choices, undefined, trx),
  );
}
