/** What Postgres owes to each job. The reconciler asks; other processes do not hold these statements. */
export { partsToCount } from '../../db/models/analytics/counting.ts';
export { erasuresOwed } from '../../db/models/erasure.ts';
export { exportsOwed } from '../../db/models/export.ts';
export { faqsToEmbed } from '../../db/models/faqEmbedding.ts';
export { importsToDeliver } from '../../db/models/faqImport.ts';
export { gapsToGroup } from '../../db/models/faqSuggestion.ts';
export { mailsToSend } from '../../db/models/mail.ts';
export { notificationsToDeliver, usersToPush } from '../../db/models/notification.ts';
export { replaysToAnswer } from '../../db/models/replay.ts';
export { conversationsToSummarise } from '../../db/models/summary.ts';
export { webhooksToDeliver } from '../../db/models/webhookDelivery.ts';
