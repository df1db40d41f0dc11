import { Type } from './type.ts';
import { type ProblemCode, PROBLEMS, presentProblem, problem } from '../../shared/base/errors.ts';
import { count, text } from './fields.ts';
import { described, named, oneOf } from './schema.ts';

export const problemCodes = Object.keys(PROBLEMS) as ProblemCode[];

/** The body of every refusal (RFC 9457). */
export const problemBody = named(
  'Problem',
  Type.Object({
    type: Type.String({ format: 'uri' }),
    title: text,
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: text,
    code: oneOf(...problemCodes),
    instance: text,
    errors: Type.Optional(Type.Array(Type.Object({ path: text, message: text }))),
    retry_after_s: Type.Optional(described(count, 'As `Retry-After`.')),
    second_factor_token: Type.Optional(
      described(text, 'Of `second_factor_required`: for `POST /auth/second-factor`, good for five minutes.'),
    ),
    consent: Type.Optional(
      described(
        Type.Object({ kind: oneOf('data_processing'), version: text }),
        'Of `consent_required`: what is missing, and the version of its text (`GET /consents`).',
      ),
    ),
  }),
  presentProblem(problem('not_found'), '/api/v1/runs/42'),
);
