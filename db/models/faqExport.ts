import { rows } from '../sql.ts';
import type { FaqFields, FaqFilter } from './faq.ts';

const PAGE = 500;
type ExportedFaq = {
  id: number;
  keywords: string[];
  question: string;
  answer: string;
  category: string | null;
} & Pick<FaqFields, 'language' | 'status' | 'priority' | 'slug' | 'meta_title' | 'meta_description'>;

/**
 * Reads FAQs page by page, oldest first, in the columns of an import.
 * @param join joins an FAQ's keywords into one text
 */
export async function* exportFaqs(
  { status, language, category_id }: FaqFilter,
  join: (keywords: string[]) => string,
): AsyncGenerator<Omit<ExportedFaq, 'keywords'> & { keywords: string }> {
  for (let afterId = 0; ; ) {
    const page = await rows<ExportedFaq>(
      `SELECT f.id, f.question, f.answer, c.slug AS category, f.keywords,
         f.language, f.status, f.priority, f.slug, f.meta_title, f.meta_description
       FROM faqs f LEFT JOIN faq_categories c ON c.id = f.category_id
       WHERE f.id > :afterId AND (:status = '' OR f.status = :status) AND (:language = '' OR f.language = :language)
         AND (:category_id::bigint = 0 OR f.category_id = :category_id)
       ORDER BY f.id LIMIT :limit`,
      {
        afterId,
        status: status ?? '',
        language: language ?? '',
        category_id: category_id ?? 0,
        limit: PAGE,
      },
    );
    for (const faq of page) yield { ...faq, keywords: join(faq.keywords) };
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    afterId = last.id;
  }
}
