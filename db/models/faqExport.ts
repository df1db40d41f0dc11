import { rows } from '../sql.ts';
import type { FaqFilter } from './faq.ts';

const PAGE = 500;

/** FAQs in the columns of an import, the oldest first, read page by page. @param separator between keywords */
export async function* exportFaqs(
  { status, language, category_id }: FaqFilter,
  separator: string,
): AsyncGenerator<Record<string, string | number>> {
  for (let afterId = 0; ; ) {
    const page = await rows<{ id: number } & Record<string, string | number>>(
      `SELECT f.id, f.question, f.answer, c.slug AS category, array_to_string(f.keywords, :separator) AS keywords,
         f.language, f.status, f.priority, f.slug, f.meta_title, f.meta_description
       FROM faqs f LEFT JOIN faq_categories c ON c.id = f.category_id
       WHERE f.id > :afterId AND (:status = '' OR f.status = :status) AND (:language = '' OR f.language = :language)
         AND (:category_id = 0 OR f.category_id = :category_id)
       ORDER BY f.id LIMIT :limit`,
      {
        afterId,
        status: status ?? '',
        language: language ?? '',
        category_id: category_id ?? 0,
        separator,
        limit: PAGE,
      },
    );
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    afterId = last.id;
  }
}
