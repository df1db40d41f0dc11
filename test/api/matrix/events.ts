import type { Role } from '../../../db/models/role.ts';
import type { BuiltUser } from '../../support/factories.ts';
import { secretOf, talk } from './things.ts';

/**
 * A client event with ids of `of`. `only`: the roles that may send it. `others`: the code of the refusal when the ids belong to
 * another user.
 */
export type EventRule = {
  payload: (of: BuiltUser) => Promise<object> | object;
  others: string;
  only?: readonly Role[];
};

const message = async (of: BuiltUser) => ({
  type: 'message',
  content: secretOf(of),
  conversation_id: (await talk(of)).conversation_id,
});

/** The rules for all client events, by channel and name of /asyncapi.json. Any signed-in user may send them. */
export const eventRules: Record<string, EventRule> = {
  'socket message': { payload: message, others: 'not_found' },
  'socket resume': {
    payload: async (of) => ({ run_id: (await talk(of)).run_id, after_seq: 0 }),
    others: 'not_found',
  },
  'socket cancel': { payload: async (of) => ({ run_id: (await talk(of)).run_id }), others: 'not_found' },
  'socket delivered': {
    payload: async (of) => ({ message_id: (await talk(of)).reply_id }),
    others: 'not_found',
  },
  'socket read': { payload: async (of) => ({ message_id: (await talk(of)).reply_id }), others: 'not_found' },
  'socket typing': {
    payload: async (of) => ({ conversation_id: (await talk(of)).conversation_id }),
    others: 'not_found',
  },
  'socket viewing': {
    payload: async (of) => ({ conversation_id: (await talk(of)).conversation_id }),
    others: 'forbidden',
    only: ['agent', 'admin'],
  },
  'socket analytics.subscribe': { payload: () => ({}), others: 'forbidden', only: ['admin'] },
  'socket refresh': { payload: ({ access }) => ({ token: access }), others: 'unauthenticated' },
  'webSocket message': { payload: message, others: 'not_found' },
  'webSocket refresh': {
    payload: ({ access }) => ({ type: 'refresh', token: access }),
    others: 'unauthenticated',
  },
};
