import { type FormEvent, useState } from 'react';
import { Refused } from '../../sdk/http.ts';
import type { Problem } from '../../sdk/types.ts';
import { BY_CODE, wordFor } from '../said.ts';
import { moment, t, type Word } from '../words.ts';

/** Sends a form once at a time, and keeps why the server refused it. */
export function useForm(send: (fields: FormData) => Promise<void>) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const run = async (work: () => Promise<void>) => {
    setBusy(true);
    setProblem(undefined);
    try {
      await work();
    } catch (err) {
      setProblem(err instanceof Refused ? err.problem : { code: 'unreachable', status: 0 });
    }
    setBusy(false);
  };
  const onSubmit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    // As the browser does with what it refuses itself: a screen reader says the field and what is wrong with it.
    const toWrong = () => form.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
    if (!busy) void run(() => send(fields)).then(() => setTimeout(toWrong));
  };
  return { busy, problem, setProblem, run, onSubmit };
}

export function textOf(fields: FormData, name: string): string {
  return String(fields.get(name) ?? '');
}

type Names = Record<string, string>;

/**
 * Says in words why a request was refused.
 * @param own words of this form, by code
 * @param labels of its fields, by the name that the API gives them
 */
export function reasonOf(problem: Problem | undefined, own: Names = {}, labels: Names = {}): string {
  if (problem === undefined) return '';
  const { code, detail = '', errors = [] } = problem;
  if (own[code] !== undefined) return own[code];
  if (code === 'unreachable') return t('app.unreachable');
  if (errors.length > 0) return faultsOf(errors, labels);
  const said = translated(detail);
  if (said !== undefined) return said;
  // A page of a release before may meet a code that it does not know.
  const word = t((BY_CODE as Record<string, Word>)[code] ?? 'app.failed');
  const isMore = VAGUE.includes(code) && detail !== '' && detail !== problem.title;
  return isMore ? `${word} ${t('said.details', { detail })}` : word;
}

/** Codes whose word leaves out what the server's own text says, which is English. */
const VAGUE = ['validation_failed', 'bad_request', 'forbidden', 'already_exists', 'conflict'];

/**
 * Says in words what is wrong with fields. The only fault needs no name of its field where that has no label.
 * @param labels by the name of the API: of several in a path the innermost. An empty one: there is one field, which everybody sees
 */
export function faultsOf(errors: { path: string; message: string }[], labels: Names = {}): string {
  const said = errors.map(({ path, message }) => {
    const names = path.replace(/^\//, '').split('/');
    const name = names.findLast((one) => labels[one] !== undefined) ?? names[0] ?? '';
    // Without the hint of a label, such as `(0 to 2)`.
    const label = (labels[name] ?? (errors.length === 1 ? '' : name)).replace(/ \(.*\)$|, .*$/, '');
    return `${label}${label && ': '}${translated(message) ?? message}`;
  });
  return [...new Set(said)].join(' ');
}

/** Returns a text of the server in the language of the page; undefined where that has no words for it. */
export function translated(text: string): string | undefined {
  const known = wordFor(text);
  if (known === undefined) return undefined;
  const { word, values } = known;
  const { when: at } = values;
  return t(word, typeof at === 'string' ? { ...values, when: momentOf(at) } : values);
}

/** Says when, or what the server wrote where that is not a date. */
function momentOf(at: string): string {
  return Number.isNaN(Date.parse(at)) ? at : moment(at);
}
