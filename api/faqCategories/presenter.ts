import type { FaqCategoryRow } from '../../db/models/faqCategory.ts';

export function presentFaqCategory(category: FaqCategoryRow) {
  return {
    id: category.id,
    name: category.name,
    slug: category.slug,
    description: category.description,
    created_at: category.created_at.toISOString(),
    updated_at: category.updated_at.toISOString(),
  };
}
