import { Type } from '../contract/type.ts';
import { contract, json } from '../contract/contract.ts';
import { anyId, id, language, text, time } from '../contract/fields.ts';
import { closed, described, named, optional, orNull, presenter } from '../contract/schema.ts';

const offer = named(
  'WidgetOffer',
  Type.Object({
    assistant_id: orNull(id),
    greeting: orNull(text),
    suggested_questions: Type.Array(text),
    opens_at: described(
      orNull(time),
      'Outside the office hours: when people answer again. null: no hours, or now.',
    ),
  }),
  {
    assistant_id: 1,
    greeting: 'How can I help?',
    suggested_questions: ['How do I reset my password?'],
    opens_at: null,
  },
);
export const presentOffer = presenter(offer);

export const widgetContract = contract('Assistants', {
  'GET /api/v1/widget/offer': {
    who: 'anyone',
    summary: 'What the widget shows before the first message',
    detail:
      'Of an assistant, else of the default; at most half a minute old. In `language`, else in English. With `GUESTS=off` it says nothing of an assistant.',
    query: closed(optional({ assistant: anyId, language })),
    answers: { 200: json('The greeting and questions to begin with', offer) },
  },
});
