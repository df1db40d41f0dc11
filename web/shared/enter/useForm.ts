import { type FormEvent, useState } from 'react';
import { Refused } from '../../sdk/http.ts';
import type { Problem } from '../../sdk/types.ts';
import { language, t } from '../words.ts';

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

/** Says in words why a request was refused. @param own words of this form, by code */
export function reasonOf(problem: Problem | undefined, own: Record<string, string> = {}): string {
  if (problem === undefined) return '';
  const { code, detail, title } = problem;
  if (own[code] !== undefined) return own[code];
  if (code === 'unreachable') return t('app.unreachable');
  if (code === 'rate_limited' || code === 'quota_exceeded') return t('enter.tooOften');
  // The server's own trouble says nothing to whoever reads it, and its titles are English.
  if (code === 'internal_error' || code === 'service_unavailable') return t('app.failed');
  return detail ?? (language() === 'en' ? title : undefined) ?? t('app.failed');
}
