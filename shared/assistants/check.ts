import type { AssistantDefinition } from '../../db/models/assistant.ts';
import { missingCategories } from '../../db/models/faqCategory.ts';
import { type FieldError, problem } from '../base/errors.ts';
import { chatModels, modelNamed } from '../provider/config.ts';
import { unknownPlaceholders } from './instructions.ts';

/** Number of names that one message shows. */
const NAMED = 5;

/** Makes the checks that a schema cannot express. @throws Problem `validation_failed` that names each fault */
export async function checkDefinition(fields: Partial<AssistantDefinition>): Promise<void> {
  const texts = { '': fields.instructions ?? '', ...prefixed(fields.instructions_by_language ?? {}) };
  const errors = [
    ...Object.entries(texts).flatMap(([language, text]) => placeholderFaults(language, text)),
    ...languageFaults('instructions_by_language', fields.instructions_by_language),
    ...languageFaults('greeting', fields.greeting),
    ...languageFaults('suggested_questions', fields.suggested_questions),
    ...modelFaults(fields.model ?? null),
    ...(await categoryFaults(fields.knowledge?.category_ids ?? [])),
  ];
  if (errors.length > 0) throw problem('validation_failed', undefined, { errors });
}

function prefixed(texts: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).map(([language, text]) => [`_by_language/${language}`, text]),
  );
}

function placeholderFaults(suffix: string, text: string): FieldError[] {
  const unknown = [...new Set(unknownPlaceholders(text))].slice(0, NAMED);
  if (unknown.length === 0) return [];
  const names = unknown.map((name) => `{{${name.slice(0, 50).toWellFormed()}}}`).join(', ');
  const message = `must be without ${names}: the placeholders are {{today}} and {{user_name}}`;
  return [{ path: `/instructions${suffix}`, message }];
}

function languageFaults(field: string, texts: Record<string, unknown> = {}): FieldError[] {
  return Object.keys(texts)
    .filter((tag) => !isCanonical(tag))
    .slice(0, NAMED)
    .map((tag) => ({
      path: `/${field}/${tag.slice(0, 50).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')}`,
      message: 'must be under the tag of a language, such as de or zh-Hant',
    }));
}

function isCanonical(tag: string): boolean {
  try {
    return tag.length <= 35 && Intl.getCanonicalLocales(tag)[0] === tag;
  } catch {
    return false;
  }
}

function modelFaults(model: string | null): FieldError[] {
  const names = chatModels().map(({ name }) => name);
  if (model === null || names.includes(modelNamed(model).name)) return [];
  return [
    { path: '/model', message: `must be a model of CHAT_MODEL or CHAT_MODEL_FALLBACK: ${names.join(', ')}` },
  ];
}

async function categoryFaults(ids: number[]): Promise<FieldError[]> {
  const missing = ids.length === 0 ? [] : await missingCategories(ids);
  return missing.map((id) => ({
    path: `/knowledge/category_ids/${ids.indexOf(id)}`,
    message: 'must be a category that exists',
  }));
}
