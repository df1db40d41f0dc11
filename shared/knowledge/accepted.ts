import type { Refusal, WrittenFaq } from '../../db/models/faq.ts';
import { problem } from '../base/errors.ts';

/** Returns an FAQ that was written. @throws Problem `already_exists`, `validation_failed` for a refused one */
export function accepted(result: WrittenFaq | Refusal): WrittenFaq {
  if (result === 'slug_taken') {
    throw problem('already_exists', 'Another FAQ has this slug', {
      errors: [{ path: '/slug', message: 'must be unique: it is taken' }],
    });
  }
  if (result === 'no_category') {
    throw problem('validation_failed', undefined, {
      errors: [{ path: '/category_id', message: 'must be a category that exists' }],
    });
  }
  if (result === 'no_original') {
    throw problem('validation_failed', undefined, {
      errors: [{ path: '/translation_of', message: 'must be another FAQ that exists' }],
    });
  }
  return result;
}
