import { adminDescriptions } from '../admin/description.ts';
import { auditDescriptions } from '../audit/description.ts';
import { authDescriptions } from '../auth/description.ts';
import { healthDescriptions } from '../health/description.ts';
import { metricsDescriptions } from '../metrics/description.ts';
import { userAdminDescriptions } from '../users/admin/description.ts';
import { userDescriptions } from '../users/description.ts';
import { webSocketDescriptions } from '../websocket/description.ts';
import type { Descriptions } from './describe.ts';
import { docsDescriptions } from './description.ts';

/** What there is to say of every route, resource by resource. A route without a description fails a test. */
export const descriptions: Descriptions = {
  ...authDescriptions,
  ...userDescriptions,
  ...webSocketDescriptions,
  ...adminDescriptions,
  ...userAdminDescriptions,
  ...auditDescriptions,
  ...healthDescriptions,
  ...metricsDescriptions,
  ...docsDescriptions,
};
