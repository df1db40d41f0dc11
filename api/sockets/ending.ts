import type { SchemaObject } from 'ajv';

/**
 * What a socket is told before it is closed. After `token_expired` the connection is cut, not the socket: the default
 * client dials again by itself, with the token that its `auth` function gives then.
 */
export const endingEvents = {
  token_expired: { $ref: '#/components/schemas/Problem' } as SchemaObject,
};
