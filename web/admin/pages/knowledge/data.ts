import type { FaqCategory as Category, Faq } from '../../../sdk/api.ts';
import { locale } from '../../../shared/words.ts';
import { useGet } from '../../data/api.ts';

export type { Category, Faq };
export type Status = Faq['status'];
export const STATUSES: Status[] = ['published', 'draft', 'archived'];
export type Near = {
  id: number;
  question: string;
  answer: string;
  language: string;
  similarity: number;
  coverage: number;
  found: boolean;
};
export type Asked = { threshold: number; coverage: number; by_words_only: boolean; data: Near[] };
export type State = { embedding: 'ready' | 'waiting' | 'failing' | 'off'; uses: number };

/** Languages that the choice offers; a list shows others where FAQs have them. */
const OFFERED = ['en', 'de', 'fr', 'es', 'it', 'nl', 'pl', 'pt', 'tr', 'uk', 'ar', 'zh', 'ja'];

export function languageName(tag: string): string {
  return new Intl.DisplayNames([locale()], { type: 'language', fallback: 'code' }).of(tag) ?? tag;
}

/** Options of a choice of languages. @param more tags that must be among them */
export function languageOptions(...more: string[]) {
  const tags = [...new Set([...OFFERED, ...more.filter((tag) => tag !== '')])];
  return tags.map((value) => ({ value, text: languageName(value) }));
}

export function useCategories(): Category[] {
  return useGet<{ data: Category[] }>('/faq-categories', { limit: 100 }).data?.data ?? [];
}
