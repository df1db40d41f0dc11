import { Type } from '../contract/type.ts';
import { KINDS } from '../../db/models/notification.ts';
import { contract, json, nothing } from '../contract/contract.ts';
import { count, flag, id, paging, time } from '../contract/fields.ts';
import { closed, described, named, oneOf, optional, orNull, page } from '../contract/schema.ts';

const about = {
  id,
  kind: oneOf(...KINDS),
  conversation_id: orNull(id),
  message_id: orNull(id),
  faq_id: described(orNull(id), 'Of `knowledge_answered`.'),
  session_id: described(orNull(id), 'The sign-in that is new, or that acted on the account.'),
  export_id: described(orNull(id), 'Of `export_ready`.'),
  webhook_id: described(orNull(id), 'Of `webhook_disabled`.'),
  created_at: time,
  read_at: orNull(time),
};
const example = {
  id: 12,
  kind: 'answer_ready' as const,
  conversation_id: 41,
  message_id: 82,
  faq_id: null,
  session_id: null,
  export_id: null,
  webhook_id: null,
  created_at: '2026-11-21T08:01:00.000Z',
  read_at: null,
};
const notification = named('Notification', Type.Object(about), example);
const unread = described(count, 'How many you have not read; at most 1,000.');

const channels = { email: flag, push: flag };
const clock = Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' });
const quietHours = described(
  orNull(closed({ from: clock, to: clock })),
  'Pushes, and mails that may be refused, wait for the end of these hours in your timezone. null: none.',
);
const settings = named(
  'NotificationSettings',
  Type.Object({
    ...Object.fromEntries(KINDS.map((kind) => [kind, Type.Object(channels)])),
    quiet_hours: quietHours,
  } as Record<(typeof KINDS)[number], ReturnType<typeof Type.Object<typeof channels>>> & {
    quiet_hours: typeof quietHours;
  }),
);

const choice = closed(optional(channels));
const chosen = Object.fromEntries(KINDS.map((kind) => [kind, choice])) as Record<
  (typeof KINDS)[number],
  typeof choice
>;

export const notificationContract = contract('Notifications', {
  'GET /api/v1/notifications': {
    who: 'signed in',
    summary: 'What you were told',
    detail: 'The newest first. Answers are here only if no device of yours showed them.',
    query: closed({
      ...paging,
      unread: Type.Optional(
        Type.String({ enum: ['', 'true', 'false'], description: 'Only what you have not read.' }),
      ),
    }),
    answers: {
      200: json('A page', Type.Object({ ...page(notification).properties, unread })),
    },
  },
  'POST /api/v1/notifications/:id/read': {
    who: 'signed in',
    summary: 'Mark a notification as read',
    answers: { 204: nothing('Read') },
  },
  'GET /api/v1/users/me/notifications': {
    who: 'signed in',
    summary: 'What you are told, and how',
    detail:
      '`password_reset`, `email_verification`, `account_erased` and what was done to the account (`new_sign_in`, `password_changed`, `second_factor_off`, `recovery_code_used`) are always mailed. The app lists what can be listed, whatever you choose.',
    answers: { 200: json('Your settings', settings) },
  },
  'PUT /api/v1/users/me/notifications': {
    who: 'signed in',
    summary: 'Change what you are told',
    detail:
      'What the body leaves out stays as it is. `email: false` changes nothing for what is always mailed.',
    body: closed(optional({ ...chosen, quiet_hours: quietHours })),
    example: { answer_ready: { email: false, push: true }, quiet_hours: { from: '22:00', to: '07:00' } },
    answers: { 200: json('Your settings, changed', settings) },
  },
});

/** The event of a new notification, to all sockets of its user. */
export const notificationEvents = {
  notification: named('NotificationEvent', Type.Object({ ...about, unread }), { ...example, unread: 3 }),
};
