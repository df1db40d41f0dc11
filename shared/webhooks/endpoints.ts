import type { Along } from '../../db/models/auditEntry.ts';
import {
  addWebhook,
  changeWebhook,
  findWebhook,
  rotateWebhookSecret,
  type WebhookFields,
  type WebhookRow,
} from '../../db/models/webhook.ts';
import { env } from '../base/env.ts';
import { found, invalid, problem } from '../base/errors.ts';
import { seal } from '../base/secretBox.ts';
import { faultOfUrl } from '../ops/outbound.ts';
import { newSecret } from './sign.ts';

/** Every event is compared with every endpoint. */
const MOST = 100;
/** For how long the secrets before a rotation sign too. */
const OVERLAP_MS = 86_400_000;

/** Returns the label under which an endpoint's secret is sealed; see `seal`. */
export function labelOf(webhookId: number): string {
  return `webhook:${webhookId}`;
}

/** Adds an endpoint. Returns it with its secret, which is shown this once. @throws Problem `validation_failed`, `conflict` */
export async function addEndpoint(
  fields: WebhookFields,
  createdBy: number,
  along: Along,
): Promise<WebhookRow & { secret: string }> {
  await checkUrl(fields);
  const secret = newSecret();
  const sealFor = (id: number) => seal(secret, labelOf(id));
  const added = await addWebhook(fields, { createdBy, most: MOST, sealFor }, along);
  if (added === undefined) throw problem('conflict', `There are ${MOST} webhooks already: delete one first`);
  return { ...added, secret };
}

/** Changes an endpoint. @throws Problem `validation_failed`, `not_found` */
export async function changeEndpoint(
  id: number,
  fields: Partial<WebhookFields>,
  along: Along,
): Promise<WebhookRow> {
  const before = found(await findWebhook(id));
  await checkUrl({ ...before, ...fields });
  return found(await changeWebhook(id, fields, along));
}

/** Gives an endpoint a new secret, which is shown this once. @throws Problem `not_found` */
export async function rotateSecret(
  id: number,
  along: Along,
): Promise<{ id: number; secret: string; previous_expires_at: Date }> {
  const secret = newSecret();
  const rotation = { sealed: seal(secret, labelOf(id)), untilMs: OVERLAP_MS };
  return { ...found(await rotateWebhookSecret(id, rotation, along)), secret };
}

async function checkUrl({
  url,
  include_content,
}: Pick<WebhookFields, 'url' | 'include_content'>): Promise<void> {
  const open = URL.parse(url)?.protocol === 'http:' && include_content && !env.WEBHOOK_ALLOW_PRIVATE;
  const message = open ? 'must be an https URL where include_content is true' : await faultOfUrl(url);
  if (message !== null) throw invalid('/url', message);
}
