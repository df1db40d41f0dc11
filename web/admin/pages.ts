import { type ComponentType, lazy } from 'react';
import type { User } from '../sdk/types.ts';
import type { IconName } from '../shared/Icon.tsx';

type Role = User['role'];
type PageModule = Promise<{ default: ComponentType }>;

/** The pages of the panel, in the order of its navigation. `name` is the path, a word, and the folder. */
export const PAGES = [
  page('dashboard', 'chart', ['admin'], () => import('./pages/dashboard/index.tsx')),
  page('inbox', 'inbox', ['admin', 'agent'], () => import('./pages/inbox/index.tsx')),
  page('knowledge', 'book', ['admin', 'agent'], () => import('./pages/knowledge/index.tsx')),
  page('suggestions', 'bulb', ['admin', 'agent'], () => import('./pages/suggestions/index.tsx')),
  page('assistants', 'robot', ['admin'], () => import('./pages/assistants/index.tsx')),
  page('users', 'people', ['admin'], () => import('./pages/users/index.tsx')),
  page('webhooks', 'hook', ['admin'], () => import('./pages/webhooks/index.tsx')),
  page('audit', 'list', ['admin'], () => import('./pages/audit/index.tsx')),
  page('system', 'gear', ['admin'], () => import('./pages/system/index.tsx')),
];

function page<const Name extends string>(name: Name, icon: IconName, roles: Role[], load: () => PageModule) {
  return { name, icon, roles, Page: lazy(load) };
}

/** Returns the pages that a role sees. The server decides what it may do there. */
export function pagesOf(role: Role) {
  return PAGES.filter(({ roles }) => roles.includes(role));
}
