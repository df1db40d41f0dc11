import type { Refusal, WrittenFaq } from '../../db/models/faq.ts';
import { invalid, problem } from '../base/errors.ts';

/** Returns an FAQ that was written. @throws Problem `already_exists`, `validation_failed` for a refused one */
export function accepted(result: WrittenFaq | Refusal): WrittenFaq {
  if (result === 'slug_taken') {
    throw problem('already_exists', 'Another FAQ has this slug', {
      errors: [{ path: '/slug', message: 'must be unique: it is taken' }],
    });
  }
  if (result === 'no_category') throw invalid('/category_id', 'must be a category that exists');
  if (result === 'no_original') throw invalid('/translation_of', 'must be another FAQ that exists');
  return result;
}
