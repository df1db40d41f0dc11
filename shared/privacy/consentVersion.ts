import { readdirSync } from 'node:fs';
import { type Problem, problem } from '../base/errors.ts';

/** The version of the consent texts that are in force: the newest file. `consent_version()` in Postgres says the same. */
export const CONSENT_VERSION =
  readdirSync(new URL('consents/', import.meta.url))
    .map((name) => name.replace('.json', ''))
    .toSorted()
    .at(-1) ?? '';

/** Returns the refusal of content without consent. It names the consent and the version of its text that are missing. */
export function consentRequired(detail = 'The consent to data processing is missing'): Problem {
  const consent = { kind: 'data_processing', version: CONSENT_VERSION } as const;
  return problem(
    'consent_required',
    `${detail}: version ${CONSENT_VERSION} of its text (GET /api/v1/consents)`,
    {
      consent,
    },
  );
}
