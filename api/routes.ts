import Router from '@koa/router';
import { authRoutes } from './auth/routes.ts';
import { chatRoutes } from './chat/routes.ts';
import type { State } from './context.ts';
import { conversationRoutes } from './conversations/routes.ts';
import { healthRoutes } from './health/routes.ts';
import { runRoutes } from './runs/routes.ts';
import { userRoutes } from './users/routes.ts';

/** The API's table of contents. */
const v1 = new Router<State>({ prefix: '/api/v1' });
for (const resource of [authRoutes, userRoutes, chatRoutes, runRoutes, conversationRoutes]) {
  v1.use(resource.routes());
}

/** Everything that is served: operators' routes at the root, the API below /api/v1. */
export const routes = new Router<State>();
for (const part of [healthRoutes, v1]) {
  routes.use(part.routes());
}
