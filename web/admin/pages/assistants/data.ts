import { locale } from '../../../shared/words.ts';

export type Definition = {
  name: string;
  instructions: string;
  instructions_by_language: Record<string, string>;
  model: string | null;
  temperature: number | null;
  max_completion_tokens: number | null;
  history_limit: number | null;
  knowledge: { enabled: boolean; category_ids: number[] | null };
  greeting: Record<string, string>;
  suggested_questions: Record<string, string[]>;
  handoff: { enabled: boolean; after_unanswered: number | null };
};
export type Version = Definition & { id: number; version: number; created_at: string };
export type Assistant = Definition & {
  id: number;
  version: number;
  is_default: boolean;
  is_archived: boolean;
  updated_at: string;
};
export type { TriedAssistant as Tried } from '../../../sdk/api.ts';
export const VERDICTS = ['too_little', 'no_difference', 'a', 'b'] as const;
export type Verdict = (typeof VERDICTS)[number];
export type Experiment = {
  id: number;
  assistant_id: number;
  versions: [number, number];
  share: number;
  until: string | null;
  status: 'open' | 'closed' | 'ended';
  kept: number | null;
  created_at: string;
};
export type Figure = 'resolution_rate' | 'handoff_rate' | 'knowledge_rate' | 'rated_up_rate';
export type Rate = {
  count: number;
  of: number;
  rate: number | null;
  low: number | null;
  high: number | null;
};
export type Result = Experiment & {
  arms: ({
    version: number;
    conversations: number;
    csat: { ratings: number; average: number | null };
  } & Record<Figure, Rate>)[];
  comparison: {
    figure: Figure;
    difference: number | null;
    low: number | null;
    high: number | null;
    verdict: Verdict;
  }[];
  verdict: Verdict;
};

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

export const TAGS = ['en', 'de', 'fr', 'es', 'it', 'nl', 'pl', 'pt', 'tr', 'uk', 'ar', 'zh', 'ja'];

export function languageName(tag: string): string {
  return new Intl.DisplayNames([locale()], { type: 'language', fallback: 'code' }).of(tag) ?? tag;
}
