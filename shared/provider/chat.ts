import type { Readable } from 'node:stream';
import type { Usage } from '../delivery/runEvents.ts';
import { measuredStream } from './measure.ts';
import { cutOff, ProviderError, timedOut, toProviderError } from './providerErrors.ts';
import { tracedStream } from '../ops/tracing.ts';
import { noteFailure, noteSuccess, type Role } from './calls.ts';
import { ENDINGS, readChunk } from './chunk.ts';
import { type ModelRef, type Provider, providerOf } from './config.ts';
import { eventsOf } from './eventsOf.ts';
import { keepLearned, learn, type Learned, learnedOf, lesson } from './learned.ts';
import { Length } from './length.ts';
import { type Answer as Answered, post } from './post.ts';
import { mayBeEcho } from './refused.ts';
import { chatBody, type Form, type Message, type Wish } from './shape.ts';
import { slotOf } from './slots.ts';
import { Thinking } from './thinking.ts';
import { type Tool, type ToolCall, ToolCalls } from './tools.ts';
import { troubleOf } from './troubles.ts';
import { Watchdog } from './watchdog.ts';

export type ChatRequest = {
  model: ModelRef;
  messages: Message[];
  max_completion_tokens: number;
  temperature: number;
  /** The JSON that is asked for; absent: text. */
  form?: Form;
  /** What the model may ask for. A model that cannot is asked without. */
  tools?: readonly Tool[];
};
/**
 * One step of an answer. finish_reason comes once, in the last step, with the tool that the model asks for; usage comes only
 * where the provider counts.
 */
export type ChatChunk = {
  delta: string;
  finish_reason: string | null;
  usage: Usage | null;
  call?: ToolCall | null;
};

/** Ms to wait for the usage after an answer's finish_reason. */
const AFTERWORD = 2_000;
/** Ms to wait for the end of a body after its last event. */
const BODY_END = 1_000;

/**
 * Streams an answer. A stream that stops without an end marker throws.
 * @param role purpose of the call; a chat model may also moderate
 * @throws ProviderError; the signal's reason when the caller aborts
 */
export function streamChat(
  request: ChatRequest,
  signal: AbortSignal,
  role: Role = 'chat',
): AsyncGenerator<ChatChunk> {
  const { model } = request;
  return tracedStream(
    'provider chat',
    { model: model.name, provider: model.provider },
    measuredStream(model, callChat(request, signal, role)),
  );
}

async function* callChat(request: ChatRequest, signal: AbortSignal, role: Role): AsyncGenerator<ChatChunk> {
  const provider = providerOf(request.model);
  const release = await slotOf(provider, signal);
  const watchdog = new Watchdog(signal);
  let ended = false;
  try {
    watchdog.expect(provider.settings.firstByteMs);
    yield* readAnswer(request, provider, watchdog);
    ended = true;
    noteSuccess(role, request.model);
  } catch (err) {
    signal.throwIfAborted();
    const trouble = watchdog.fired() ? timedOut(err) : toProviderError(err);
    noteFailure(role, request.model, trouble);
    throw trouble;
  } finally {
    watchdog.stop();
    release();
    // Ends the request when the consumer left early.
    if (!ended) watchdog.abort();
  }
}

async function* readAnswer(
  request: ChatRequest,
  provider: Provider,
  watchdog: Watchdog,
): AsyncGenerator<ChatChunk> {
  const most = 2 * (request.max_completion_tokens + provider.reasoningTokens);
  const answer = new Answer(most, request.tools ?? []);
  const { body } = await ask(request, provider, watchdog.signal);
  const { silenceMs, answerMs } = provider.settings;
  const alive = () => {
    watchdog.expectAll(answerMs);
    if (answer.ending === null) watchdog.expect(silenceMs);
  };
  try {
    for await (const event of eventsOf(
      bytesOf(body, () => answer.done),
      alive,
    )) {
      const delta = answer.take(event);
      if (delta !== '') yield step(delta);
      if (answer.over) break;
      if (answer.justEnded()) watchdog.expect(AFTERWORD);
    }
  } catch (err) {
    if (answer.ending === null || !watchdog.fired()) throw err;
  }
  if (answer.ending === null && watchdog.fired()) throw timedOut(null);
  const rest = answer.rest();
  if (rest !== '') yield step(rest);
  // The usage comes before `conclude` may throw: a rejected answer costs tokens too.
  if (answer.usage !== null) yield { ...step(''), usage: answer.usage };
  yield { ...step(''), finish_reason: answer.conclude(), call: answer.call };
}

/**
 * Returns the bytes of a body. Who stops reading before the end destroys the body, which closes the connection. After the last
 * event the end is read beside instead: it comes a moment later, and the connection then serves the next call.
 */
function bytesOf(body: Readable, isDone: () => boolean): AsyncIterable<Uint8Array> {
  const reader = body.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>;
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => reader.next(),
      return: async () => {
        await reader.return?.();
        if (isDone()) readOn(body);
        else body.destroy();
        return { done: true, value: undefined };
      },
    }),
  };
}

/** Reads a body to its end, which is near. Destroys a body that goes on. */
function readOn(body: Readable): void {
  if (body.closed) return;
  const late = setTimeout(() => body.destroy(), BODY_END);
  body.once('close', () => clearTimeout(late)).resume();
}

function step(delta: string): ChatChunk {
  return { delta, finish_reason: null, usage: null };
}

/**
 * Sends the request. Repeats it at once without a parameter that the model refuses, and remembers the refusal. Tools are left
 * out of a request that is refused for no known reason, too: no model may be broken by them.
 */
async function ask(
  { model, messages, max_completion_tokens, temperature, form, tools = [] }: ChatRequest,
  provider: Provider,
  signal: AbortSignal,
): Promise<Answered> {
  const limits = { maxTokens: max_completion_tokens, temperature };
  const wish: Wish = { messages, ...limits, tools, ...(form && { form }) };
  let guess: Learned | null = null;
  for (let learned = await learnedOf(model); ; ) {
    try {
      const body = chatBody(model.model, wish, provider, learned);
      const response = await post(provider, '/chat/completions', body, signal);
      if (guess !== null) keepLearned(model, guess);
      return response;
    } catch (err) {
      if (!(err instanceof ProviderError)) throw err;
      const { refused, inWords } = err;
      const echo = mayBeEcho(
        refused,
        inWords,
        messages.map(({ content }) => content),
      );
      const mayGuess: boolean = tools.length > 0 && err.code === 'provider_rejected' && guess === null;
      const toolless: Learned | null =
        mayGuess && (echo || refused === null) ? lesson('tools', provider, learned) : null;
      if (toolless !== null) {
        guess = toolless;
        learned = toolless;
        continue;
      }
      const taught = echo ? null : lesson(refused, provider, learned);
      if (taught === null) throw err;
      learn('chat', model, refused, taught);
      learned = taught;
    }
  }
}

/** Collects the events of one answer. */
class Answer {
  /** The provider's finish_reason; null until it comes. */
  ending: string | null = null;
  usage: Usage | null = null;
  /** Whether the reader must stop. */
  over = false;
  /** Whether the provider has said that nothing follows. */
  done = false;
  readonly #thinking = new Thinking();
  readonly #length: Length;
  #thought = false;
  #said = false;
  #announced = false;
  readonly #calls: ToolCalls;

  constructor(limitTokens: number, tools: readonly Tool[]) {
    this.#length = new Length(limitTokens);
    this.#calls = new ToolCalls(tools);
  }

  /** The tool that the model asks for; null: none. */
  get call(): ToolCall | null {
    return this.#calls.first();
  }

  /** Takes the next event. @returns the text to show @throws ProviderError when the event is an error */
  take(event: unknown): string {
    if (event === 'done') {
      this.done = true;
      this.over = true;
      return '';
    }
    const trouble = troubleOf({ status: 200, body: event });
    if (trouble !== null) {
      // An answer with a finish_reason is complete: a later error does not count.
      if (this.ending === null) throw within(trouble);
      this.over = true;
      return '';
    }
    const piece = readChunk(event);
    this.ending = piece.ending ?? this.ending;
    this.usage = piece.usage ?? this.usage;
    this.#thought ||= piece.thought;
    this.#calls.take(piece.calls);
    if (this.#length.reachedBy(piece.text)) {
      this.ending = 'length';
      this.over = true;
    }
    return this.#note(this.#thinking.next(piece.text));
  }

  /** Returns true once: at the first call after the finish_reason. */
  justEnded(): boolean {
    const first = this.ending !== null && !this.#announced;
    this.#announced ||= first;
    return first;
  }

  /** Returns held-back text that is not thinking. */
  rest(): string {
    return this.#note(this.#thinking.end());
  }

  /** Returns the answer's finish_reason. @throws ProviderError when the answer was cut off or has no text */
  conclude(): string {
    const answered = this.#said || this.call !== null;
    if (this.ending === null && this.done && answered) return 'stop';
    if (this.ending === null && !this.done) throw cutOff();
    const ending = this.ending === null ? 'stop' : ENDINGS.get(this.ending);
    if (ending === undefined) throw within(cutOff());
    if (answered) return ending;
    if (ending === 'content_filter') {
      throw within(
        new ProviderError('rejected', 'content_filter', "The provider's content filter refused the message."),
      );
    }
    throw within(noAnswer(ending === 'length' && (this.#thought || this.#thinking.thought)));
  }

  #note(text: string): string {
    this.#said ||= text.trim() !== '';
    return text;
  }
}

function noAnswer(thoughtOnly: boolean): ProviderError {
  const message = thoughtOnly
    ? 'The model spent all its tokens on thinking and gave no answer.'
    : 'The model gave no answer.';
  return new ProviderError('unavailable', 'no_answer', message);
}

function within(err: ProviderError): ProviderError {
  err.inStream = true;
  return err;
}
