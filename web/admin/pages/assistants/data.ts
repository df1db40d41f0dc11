import type * as api from '../../../sdk/api.ts';

/** Answers say all of the two objects; bodies may leave parts of them out. */
type Whole<T extends Pick<api.Assistant, 'knowledge' | 'handoff'>> = Omit<T, 'knowledge' | 'handoff'> & {
  knowledge: Required<T['knowledge']>;
  handoff: Required<T['handoff']>;
};
type OfTwo<T> = Omit<T, 'versions'> & { versions: [number, number] };

export type Assistant = Whole<api.Assistant>;
export type Version = Whole<api.AssistantVersion>;
export type Definition = Omit<Version, 'id' | 'version' | 'created_at'>;
export type { TriedAssistant as Tried } from '../../../sdk/api.ts';
export type Experiment = OfTwo<api.Experiment>;
export type Result = OfTwo<api.ExperimentResult>;
export type Rate = api.ExperimentResult['arms'][number]['resolution_rate'];
export type Verdict = api.ExperimentResult['verdict'];
export type Figure = api.ExperimentResult['comparison'][number]['figure'];
export const VERDICTS = ['too_little', 'no_difference', 'a', 'b'] as const satisfies Verdict[];

export const FIELDS = [
  'name',
  'instructions',
  'instructions_by_language',
  'model',
  'temperature',
  'max_completion_tokens',
  'history_limit',
  'knowledge',
  'greeting',
  'suggested_questions',
  'handoff',
] as const satisfies (keyof Definition)[];

export function definitionOf(from: Definition): Definition {
  return Object.fromEntries(FIELDS.map((field) => [field, from[field]])) as Definition;
}

/** Returns the fields of `next` that differ. */
export function changesOf(before: Definition, next: Definition): Partial<Definition> {
  const differ = FIELDS.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(next[field]));
  return Object.fromEntries(differ.map((field) => [field, next[field]]));
}
