import { knex } from '../../../db/knex.ts';
import { oweNotification, scheduleNotifications } from '../../../db/models/notification.ts';
import { rateReply } from '../../../db/models/reply.ts';
import { acceptMessage, cancelRun } from '../../../db/models/run.ts';
import { addExperiment } from '../../../db/models/experiment.ts';
import { buildAssistant, buildVersions } from '../../support/assistants.ts';
import { oweTest } from '../../../db/models/webhookDelivery.ts';
import { unsubscribeToken } from '../../../shared/notifications/links.ts';
import { announce } from '../../../shared/delivery/runs.ts';
import { type BuiltUser, buildGuest, buildSession, buildUser } from '../../support/factories.ts';
import { buildWebhook } from '../../support/webhooks.ts';

/** The actors. `anonymous` sends no token and uses the user's things. */
export type Cast = Record<'guest' | 'user' | 'other' | 'agent' | 'admin', BuiltUser>;
export type Actor = keyof Cast | 'anonymous';
export const ACTORS: Actor[] = ['anonymous', 'guest', 'user', 'other', 'agent', 'admin'];

export async function buildCast(): Promise<Cast> {
  const [guest, user, other, agent, admin] = await Promise.all([
    buildGuest(),
    buildUser(),
    buildUser(),
    buildUser({ role: 'agent' }),
    buildUser({ role: 'admin' }),
  ]);
  return { guest, user, other, agent, admin };
}

/** The text of a user's conversations, which nobody else may read. */
export function secretOf(owner: BuiltUser): string {
  return `The secret of ${owner.username}.`;
}

/** Adds a conversation with an ended run. */
export async function talk(owner: BuiltUser) {
  const request = { language: null, metadata: {}, idempotency_key: null, request_hash: '', request_id: null };
  const accepted = await acceptMessage(
    {
      ...request,
      user_id: owner.id,
      conversation_id: null,
      content: secretOf(owner),
      multitask_strategy: 'enqueue',
    },
    1_000,
  );
  if (accepted.outcome !== 'accepted') throw new Error(accepted.outcome);
  const { run_id, conversation_id, message_id, reply_id } = accepted as {
    run_id: number;
    conversation_id: number;
    message_id: number;
    reply_id: number;
  };
  await cancelRun(run_id, owner.id);
  await announce(run_id);
  await knex('conversations')
    .where({ id: conversation_id })
    .update({ title: secretOf(owner) });
  return { run_id, conversation_id, message_id, reply_id };
}

export async function ratedReply(owner: BuiltUser): Promise<number> {
  const { reply_id } = await talk(owner);
  await rateReply(reply_id, owner.id, { rating: 'up', comment: null });
  return reply_id;
}

export async function session(owner: BuiltUser): Promise<number> {
  return (await buildSession(owner)).sid;
}

/** Adds a row to a table. Returns its id. */
export async function added(table: string, fields: object): Promise<number> {
  const [row] = await knex(table).insert(fields).returning('id');
  return row.id;
}

/** Adds a suggestion from a user's question. */
export async function suggestion(owner: BuiltUser): Promise<number> {
  const { message_id } = await talk(owner);
  await knex('faq_gaps').insert({ message_id, reason: 'no_passage' });
  const vector = JSON.stringify([...Array<number>(1535).fill(0), 1]);
  // A similarity that none reaches gives the question a suggestion of its own.
  await knex.raw(`SELECT group_faq_gap(?, 'en', CAST(? AS vector), 'none', 2)`, [message_id, vector]);
  const gap = await knex('faq_gaps').where({ message_id }).first('suggestion_id');
  return gap.suggestion_id;
}

export async function notification(owner: BuiltUser): Promise<number> {
  const id = await oweNotification('new_sign_in', owner.id, { session_id: owner.sid }, knex);
  await scheduleNotifications([{ id, shown: true, push: false, mailMs: null }], []);
  return id;
}

/** The token in a mail to a user. */
export function unsubscribing({ id }: BuiltUser): string {
  return unsubscribeToken(id, ['agent_replied']);
}

let made = 0;
export function fresh(): string {
  return `thing${++made}_${process.pid}`;
}

export async function assistant(): Promise<number> {
  return (await buildAssistant()).id;
}

/** The body of an experiment. */
export async function twoVersions() {
  return { assistant_id: (await buildVersions(2)).id, versions: [1, 2] };
}

export async function experiment(): Promise<number> {
  const { assistant_id } = await twoVersions();
  const wanted = { assistant_id, version_a: 1, version_b: 2, share: 0.5, until: null };
  const added = await addExperiment(wanted, async () => {});
  if (typeof added === 'string') throw new Error(added);
  return added.id;
}

export async function webhook(owner: BuiltUser): Promise<number> {
  return (await buildWebhook({ created_by: owner.id, enabled: false })).id;
}

export async function webhookDelivery(owner: BuiltUser): Promise<{ id: number; delivery_id: number }> {
  const id = await webhook(owner);
  const owed = await oweTest(id, async () => {});
  return { id, delivery_id: owed?.id ?? 0 };
}

/** Adds an export that is ready. */
export async function dataExport(owner: BuiltUser): Promise<number> {
  const [made] = await knex('exports')
    .insert({
      user_id: owner.id,
      status: 'ready',
      progress: 1,
      expires_at: new Date(Date.now() + 86_400_000),
    })
    .returning('id');
  await knex('export_chunks').insert({ export_id: made.id, seq: 0, bytes: Buffer.from(secretOf(owner)) });
  return made.id as number;
}
