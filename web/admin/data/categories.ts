import type { FaqCategory } from '../../sdk/api.ts';
import { useGet } from './api.ts';

/** Returns the categories of FAQs; none until they are there. */
export function useCategories(): FaqCategory[] {
  return useGet<{ data: FaqCategory[] }>('/faq-categories', { limit: 100 }).data?.data ?? [];
}

/** Options of a choice of categories. @param none what the first one says, which is no category */
export function useCategoryOptions(none: string) {
  const categories = useCategories().map(({ id, name }) => ({ value: String(id), text: name }));
  return [{ value: '', text: none }, ...categories];
}
