import { textsOf } from '../../db/models/webhookContent.ts';
import { claimDelivery, type ClaimedDelivery, recordTry, type Try } from '../../db/models/webhookDelivery.ts';
import { env } from '../base/env.ts';
import { log } from '../base/log.ts';
import { unseal } from '../base/secretBox.ts';
import { killPoint } from '../ops/killpoint.ts';
import { webhookTries } from '../ops/metrics.ts';
import { OutboundError, postOutbound, type Resolve } from '../ops/outbound.ts';
import { retryAfterOf } from '../ops/retryAfter.ts';
import { labelOf } from './endpoints.ts';
import { sign } from './sign.ts';

/** Ms that a try may take beyond its request before another worker makes the next one. */
const MARGIN = 15_000;
/** Seconds for which an endpoint may ask to be left alone. */
const LONGEST_PAUSE_S = 3_600;
/** The bytes that are kept of an answer. */
const ANSWER_BYTES = 1_024;

/**
 * Claims a due delivery of an endpoint, sends it and notes how that ended.
 * @param resolve finds the endpoint's addresses; the system's resolver unless a test gives another
 * @returns false when nothing was due
 */
export async function deliverNext(webhookId: number, resolve?: Resolve): Promise<boolean> {
  const delivery = await claimDelivery(webhookId, env.WEBHOOK_TIMEOUT_MS + MARGIN);
  if (delivery === undefined) return false;
  killPoint('webhook.claimed', delivery.id);
  const tried = await send(delivery, resolve);
  killPoint('webhook.sent', delivery.id);
  const reason = await recordTry(delivery, tried);
  webhookTries.inc({ outcome: outcomeOf(tried) });
  if (reason !== null)
    log.warn({ webhook_id: webhookId, reason }, 'Webhook switched off; nothing more is sent to it');
  return true;
}

async function send(delivery: ClaimedDelivery, resolve?: Resolve): Promise<Try> {
  const request = await requestOf(delivery);
  const began = performance.now();
  const durationMs = () => Math.round(performance.now() - began);
  if (request === null) return { status: null, response: null, error: 'secret_unreadable', durationMs: 0 };
  try {
    const answer = await postOutbound(delivery.url, {
      ...request,
      timeoutMs: env.WEBHOOK_TIMEOUT_MS,
      maxBytes: ANSWER_BYTES,
      ...(resolve && { resolve }),
    });
    const retryAfterS = retryAfterOf(answer.status, answer.headers['retry-after'], LONGEST_PAUSE_S);
    const response = textOf(answer.body);
    return { status: answer.status, response, error: null, durationMs: durationMs(), retryAfterS };
  } catch (err) {
    if (!(err instanceof OutboundError)) throw err;
    return { status: null, response: null, error: err.trouble, durationMs: durationMs() };
  }
}

/** Returns body and headers of a try. The body is the same for all of them, unless its texts were erased meanwhile. */
async function requestOf(
  delivery: ClaimedDelivery,
): Promise<{ headers: Record<string, string>; body: string } | null> {
  const { message_id: id, type, created_at, include_content } = delivery;
  const texts = include_content ? await textsOf(type, delivery.data) : {};
  const body = JSON.stringify({
    type,
    timestamp: created_at.toISOString(),
    data: { ...delivery.data, ...texts },
  });
  const timestamp = Math.floor(Date.now() / 1_000);
  const secrets = readable(delivery);
  if (secrets.length === 0) return null;
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Parley-Webhooks',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': secrets.map((secret) => sign(secret, { id, timestamp, body })).join(' '),
    },
  };
}

function readable({ webhook_id, secrets }: ClaimedDelivery): string[] {
  return secrets.flatMap((sealed) => {
    try {
      return [unseal(sealed, labelOf(webhook_id))];
    } catch (err) {
      log.error(
        { err, webhook_id },
        'Secret of a webhook cannot be read: rotate it, or restore its key to DATA_KEYS',
      );
      return [];
    }
  });
}

/** Postgres stores no NUL. */
function textOf(bytes: Buffer): string {
  return new TextDecoder().decode(bytes).replaceAll('\0', '\u{fffd}');
}

function outcomeOf({ status, error }: Try): string {
  if (error !== null) return error;
  return status !== null && status >= 200 && status < 300 ? 'delivered' : 'refused';
}
