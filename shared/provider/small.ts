import { log } from '../base/log.ts';
import { Breaker } from './breaker.ts';
import { streamChat } from './chat.ts';
import { queryModel } from './config.ts';
import { parsed } from './post.ts';
import { ProviderError } from './providerErrors.ts';
import type { Form, Message } from './shape.ts';

/** A question for the small model. readAs returns the answer's meaning; undefined: the JSON has another form. */
export type SmallCall<T> = {
  messages: Message[];
  form: Form;
  maxTokens: number;
  readAs: (json: unknown) => T | undefined;
};

/** Ms that a message may wait for one of these calls. */
const LIMIT = 1_500;
/** Failures in a row that stop the calls of this process; first and longest stop, in ms. */
const breaker = new Breaker(3, 5_000, 60_000, 'query');

/**
 * Calls QUERY_MODEL for a small piece of JSON.
 * @returns null when the model is off, late, down, or answers something else: no answer may depend on this call
 */
export async function askSmall<T>({ messages, form, maxTokens, readAs }: SmallCall<T>): Promise<T | null> {
  const model = queryModel();
  if (model === null || !breaker.mayAsk()) return null;
  const limit = AbortSignal.timeout(LIMIT);
  const request = { model, messages, max_completion_tokens: maxTokens, temperature: 0, form };
  const fields = { model: model.name, call: form.name };
  try {
    let said = '';
    for await (const { delta } of streamChat(request, limit, 'query')) said += delta;
    breaker.succeeded();
    const read = readAs(parsed(jsonOf(said)));
    if (read !== undefined) return read;
    log.warn(fields, 'Small model answered in another form; the answer goes on without it');
  } catch (err) {
    breaker.failed(err instanceof ProviderError ? err.retryAfterMs : 0);
    log.warn({ err, ...fields }, 'Small model did not answer; the answer goes on without it');
  }
  return null;
}

/** Returns the JSON of an answer, without the code fence that some models put around it. */
function jsonOf(said: string): string {
  const text = said.trim();
  return /^```(?:json)?\s*([\s\S]*?)\s*```$/i.exec(text)?.[1] ?? text;
}
