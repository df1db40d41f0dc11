import Router from '@koa/router';
import { boardRoutes } from './admin/board/routes.ts';
import { adminRoutes } from './admin/routes.ts';
import { auditRoutes } from './audit/routes.ts';
import { authRoutes } from './auth/routes.ts';
import { chatRoutes } from './chat/routes.ts';
import type { State } from './context.ts';
import { conversationRoutes } from './conversations/routes.ts';
import { buildDocs } from './docs/routes.ts';
import { faqCategoryRoutes } from './faqCategories/routes.ts';
import { faqImportRoutes } from './faqs/import/routes.ts';
import { faqRoutes } from './faqs/routes.ts';
import { faqSuggestionRoutes } from './faqs/suggestions/routes.ts';
import { healthRoutes } from './health/routes.ts';
import { messageRoutes } from './messages/routes.ts';
import { metricsRoutes } from './metrics/routes.ts';
import { runRoutes } from './runs/routes.ts';
import { userAdminRoutes } from './users/admin/routes.ts';
import { userRoutes } from './users/routes.ts';
import { webSocketRoutes } from './websocket/routes.ts';

/** The API's table of contents. */
const v1 = new Router<State>({ prefix: '/api/v1' });
for (const resource of [
  authRoutes,
  userRoutes,
  userAdminRoutes,
  chatRoutes,
  webSocketRoutes,
  runRoutes,
  conversationRoutes,
  messageRoutes,
  faqImportRoutes,
  faqSuggestionRoutes,
  faqRoutes,
  faqCategoryRoutes,
  adminRoutes,
  auditRoutes,
]) {
  v1.use(resource.routes());
}

/** Everything that is served: operators' routes at the root, the API below /api/v1. */
export const routes = new Router<State>();
for (const part of [healthRoutes, metricsRoutes, boardRoutes, v1]) {
  routes.use(part.routes());
}
routes.use(buildDocs(routes.stack).routes());
