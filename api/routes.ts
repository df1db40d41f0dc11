import Router from '@koa/router';
import { bullBoard } from './admin/board/routes.ts';
import { admin } from './admin/routes.ts';
import { analytics, ratings } from './analytics/routes.ts';
import { assistants } from './assistants/routes.ts';
import { audit } from './audit/routes.ts';
import { authentication } from './auth/routes.ts';
import { chat } from './chat/routes.ts';
import type { State } from './middleware/ctx.ts';
import type { Resource } from './contract/serve.ts';
import { conversations } from './conversations/routes.ts';
import { buildDocs } from './docs/routes.ts';
import { erasures } from './erasures/routes.ts';
import { experiments } from './experiments/routes.ts';
import { faqCategories } from './faqCategories/routes.ts';
import { faqImports } from './faqs/import/routes.ts';
import { faqs } from './faqs/routes.ts';
import { faqSuggestions } from './faqs/suggestions/routes.ts';
import { health } from './health/routes.ts';
import { inbox } from './inbox/routes.ts';
import { mailLinks } from './notifications/links/routes.ts';
import { messages } from './messages/routes.ts';
import { metrics } from './metrics/routes.ts';
import { exports } from './privacy/exports/routes.ts';
import { privacy } from './privacy/routes.ts';
import { notifications } from './notifications/routes.ts';
import { pages } from './pages/routes.ts';
import { push } from './push/routes.ts';
import { replays } from './runs/replay/routes.ts';
import { runs } from './runs/routes.ts';
import { system } from './system/routes.ts';
import { userAdmin } from './users/admin/routes.ts';
import { users } from './users/routes.ts';
import { widget } from './widget/routes.ts';
import { webhooks } from './webhooks/routes.ts';
import { webSocket } from './websocket/routes.ts';

/** Lists every resource of the API. A fixed path comes before a path with a parameter that would match it. */
const resources: Resource[] = [
  authentication,
  users,
  userAdmin,
  erasures,
  privacy,
  exports,
  chat,
  webSocket,
  runs,
  conversations,
  ratings,
  messages,
  inbox,
  notifications,
  mailLinks,
  push,
  webhooks,
  faqImports,
  faqSuggestions,
  faqs,
  faqCategories,
  assistants,
  experiments,
  widget,
  analytics,
  replays,
  admin,
  audit,
  system,
  health,
  metrics,
  bullBoard,
  pages,
];

/** Every resource, with the documents that describe them. */
export const served: Resource[] = [...resources, buildDocs(() => served)];
export const routes = new Router<State>();
for (const { router } of served) routes.use(router.routes());
