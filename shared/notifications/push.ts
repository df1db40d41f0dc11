import { beginningOfMessage, type Claimed, type Kind, notePushed } from '../../db/models/notification.ts';
import { dropSubscription, subscriptionsOf, type SubscriptionRow } from '../../db/models/pushSubscription.ts';
import { env } from '../base/env.ts';
import { log } from '../base/log.ts';
import { killPoint } from '../ops/killpoint.ts';
import { pushTries } from '../ops/metrics.ts';
import { OutboundError } from '../ops/outbound.ts';
import { SECURITY } from './choices.ts';
import { toHost } from './hosts.ts';
import { links } from './links.ts';
import { filled, mailTexts } from './texts.ts';
import { sendPush, type Urgency } from './webPush.ts';

/** Seconds that a browser's service keeps a push for a device that is off. */
const KEPT_S = 86_400;
/** Seconds until a failed push is tried again: as long as it has waited, within these. */
const [SOONEST, LATEST] = [30, 3_600];
const URGENT: readonly Kind[] = ['agent_replied', 'handoff_waiting', ...SECURITY];

/**
 * Pushes a notification to those devices of its user that do not have it yet. Removes devices that their service does not know
 * any more.
 * @returns in how many ms to try the others again; null: nothing is left to do
 */
export async function pushToDevices(owed: Claimed): Promise<number | null> {
  if (owed.user_id === null) return null;
  const devices = (await subscriptionsOf(owed.user_id)).filter(({ id }) => !owed.pushed_to.includes(id));
  if (devices.length === 0) return null;
  const payload = await payloadOf(owed);
  const push = (to: SubscriptionRow[]) => Promise.all(to.map((device) => pushTo(owed, device, payload)));
  const first = await push(devices);
  // A host that has answered meanwhile takes the others.
  const second = await push(devices.filter((_, i) => first[i] === undefined));
  const done = [...first.filter((one) => one !== undefined), ...second];
  if (done.every((one) => one === true) || owed.age_s > KEPT_S) return null;
  return Math.min(Math.max(owed.age_s, SOONEST), LATEST) * 1_000;
}

/** Returns false when the push is to be tried again; undefined when no slot is free for its host. */
async function pushTo(owed: Claimed, device: SubscriptionRow, payload: object): Promise<boolean | undefined> {
  const urgency: Urgency = URGENT.includes(owed.kind) ? 'high' : 'normal';
  // A second try replaces the first where that still waits for the device.
  const topic = `n${owed.id}`;
  try {
    const answer = await toHost(owed.user_id ?? 0, device.endpoint, () =>
      sendPush(device, { payload, ttlS: KEPT_S, urgency, topic }),
    );
    if (answer === undefined) return undefined;
    const { status } = answer;
    killPoint('push.sent', owed.id);
    pushTries.inc({ outcome: outcomeOf(status) });
    if (status === 404 || status === 410) await dropSubscription(device.id);
    else if (status < 300) await notePushed(owed.id, device.id);
    else
      log.info(
        { notification_id: owed.id, status },
        'Push refused by its service; given up, or tried again where the refusal may pass',
      );
    // A wrong request stays wrong; overload and failures pass.
    return status < 500 && status !== 429;
  } catch (err) {
    if (!(err instanceof OutboundError)) throw err;
    pushTries.inc({ outcome: err.trouble === 'address_refused' ? 'failed' : 'later' });
    log.info(
      { notification_id: owed.id, trouble: err.trouble },
      'Push got no answer; tried again unless its address is refused',
    );
    return err.trouble === 'address_refused';
  }
}

function outcomeOf(status: number): 'sent' | 'gone' | 'later' | 'failed' {
  if (status < 300) return 'sent';
  if (status === 404 || status === 410) return 'gone';
  return status >= 500 || status === 429 ? 'later' : 'failed';
}

/** Returns what the device gets. It holds words of the conversation only with PUSH_CONTENT=on. */
async function payloadOf({
  id,
  kind,
  language,
  conversation_id,
  message_id,
  faq_question,
}: Claimed): Promise<object> {
  const { texts } = mailTexts(language ?? 'en');
  const { subject, body } = texts[kind];
  const said =
    env.PUSH_CONTENT === 'on' && message_id !== null ? await beginningOfMessage(message_id) : undefined;
  const plain = SECURITY.includes(kind) ? subject : filled(body, { question: faq_question ?? '' });
  const url = urlOf(kind, conversation_id);
  return { id, kind, title: subject, body: said ?? plain, url, conversation_id };
}

function urlOf(kind: Kind, conversationId: number | null): string {
  if (kind === 'handoff_waiting') return links.inbox();
  if (SECURITY.includes(kind)) return links.account();
  return kind === 'webhook_disabled' ? links.webhooks() : links.conversation(conversationId);
}
