/** Every role, from the least rights on. A `guest` has no credentials; the other roles are what administrators give. */
export const ROLES = ['guest', 'user', 'agent', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** The roles that an account with credentials may be given. */
export const GIVEN_ROLES = ['user', 'agent', 'admin'] as const;
export type GivenRole = (typeof GIVEN_ROLES)[number];
