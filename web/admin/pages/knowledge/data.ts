import type { FaqCategory as Category, Faq } from '../../../sdk/api.ts';

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
