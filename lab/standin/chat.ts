import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate as tick, setTimeout as sleep } from 'node:timers/promises';
import { answerTo, type ChatMessage, lastUserText } from './answer.ts';
import type { Call, Calls } from './calls.ts';
import { type Directives, type Fault, parseDirectives } from './directives.ts';
import { asksForQueries, queriesOf } from './queries.ts';
import { verdictOn } from './verdict.ts';
import { ApiError, isObject, type JsonObject, sendJson, textOf } from './wire.ts';

/** Input of an endpoint: the parsed body, the response, a signal that aborts when the client is gone. */
export type Exchange = {
  body: JsonObject;
  res: ServerResponse;
  signal: AbortSignal;
  calls: Calls;
  chunkMs: number;
};

/** POST /v1/chat/completions, streamed or whole. */
export async function chatCompletions(exchange: Exchange): Promise<void> {
  const { body, signal, calls } = exchange;
  const model = modelOf(body);
  const messages = messagesOf(body);
  const asked = lastUserText(messages);
  // Directives are for the answer. The request for queries quotes the question.
  const wish: Directives = asksForQueries(body)
    ? { ...parseDirectives(''), say: queriesOf(messages) }
    : parseDirectives(asked);
  const call = calls.open('/v1/chat/completions', model, asked);
  const fault: Fault = call.count <= wish.times ? wish.fault : { kind: 'none' };
  if (wish.down === model) {
    calls.note(call, { ended: true });
    throw new ApiError(500, `The stand-in was asked to fail for this model: ${asked}`);
  }
  exchange.res.once('close', () => calls.note(call, call.ended ? {} : { aborted: true }));

  if (wish.delay > 0) await sleep(wish.delay, undefined, { signal });
  if (fault.kind === 'silent') await never(signal);
  if (fault.kind === 'status') {
    calls.note(call, { ended: true });
    const code = fault.code ?? (fault.status === 429 ? 'rate_limit_exceeded' : null);
    // Some servers quote the request.
    throw new ApiError(fault.status, `The stand-in was asked to fail: ${asked}`, code, fault.retryAfter);
  }
  if (wish.refuseTools && body.tools !== undefined) {
    calls.note(call, { ended: true });
    throw new ApiError(400, `registry.example/${model} does not support tools`);
  }
  const reply = replyOf(exchange, messages, wish, call);
  await (body.stream === true ? stream : whole)(exchange, reply, fault, wish);
  calls.note(call, { ended: true });
}

/** Returns the model's name. @throws ApiError 400 without one */
export function modelOf(body: JsonObject): string {
  if (typeof body.model === 'string' && body.model !== '') return body.model;
  throw new ApiError(400, 'you must provide a model parameter');
}

function messagesOf(body: JsonObject): ChatMessage[] {
  if (!Array.isArray(body.messages) || body.messages.length === 0) {
    throw new ApiError(400, "Missing required parameter: 'messages'.", 'missing_required_parameter');
  }
  return body.messages.map((message) => {
    if (!isObject(message) || typeof message.role !== 'string')
      throw new ApiError(400, "Invalid 'messages'.");
    return { role: message.role, content: textOf(message.content) };
  });
}

type Reply = {
  call: Call;
  id: string;
  model: string;
  pieces: string[];
  finishReason: 'stop' | 'length' | 'tool_calls';
  usage: JsonObject;
  /** The call of a tool, in pieces. */
  toolCall: [string, string] | null;
};

function replyOf({ body }: Exchange, messages: ChatMessage[], wish: Directives, call: Call): Reply {
  const toolCall = handOverCall(body, messages);
  const all = toolCall === null ? piecesOf(messages, wish) : [];
  const limit = Number(body.max_completion_tokens ?? body.max_tokens ?? Number.POSITIVE_INFINITY);
  const pieces = all.slice(0, limit);
  const prompt = messages.reduce((sum, { content }) => sum + (content.match(/\S+/g)?.length ?? 0), 0);
  return {
    call,
    id: `chatcmpl-${crypto.randomUUID()}`,
    model: call.model,
    pieces,
    finishReason: toolCall !== null ? 'tool_calls' : pieces.length < all.length ? 'length' : 'stop',
    toolCall,
    // A word counts as a token: deterministic, and enough for tests.
    usage: { prompt_tokens: prompt, completion_tokens: pieces.length, total_tokens: prompt + pieces.length },
  };
}

const HAND_OVER = 'hand_over_to_person';
const ASKS_FOR_PERSON =
  /\b(talk|speak|chat)\b.{0,20}\b(person|human|agent|some(body|one)|employee)\b|\bmit (einem |einer )?(Menschen|Person|Mitarbeiter(in)?|jemandem)\b.{0,20}\b(sprechen|reden)\b/i;

/** Returns the arguments of a call when the user asks for a person and the request offers the tool. */
function handOverCall({ tools }: JsonObject, messages: ChatMessage[]): [string, string] | null {
  const offered = Array.isArray(tools) && JSON.stringify(tools).includes(`"name":"${HAND_OVER}"`);
  return offered && ASKS_FOR_PERSON.test(lastUserText(messages))
    ? ['{"reason":"The user ', 'asks for a person."}']
    : null;
}

function piecesOf(messages: ChatMessage[], wish: Directives): string[] {
  if (wish.say !== undefined) return [wish.say];
  if (wish.huge) return ['x'.repeat(10 * 1024 * 1024)];
  const words = (text: string) => text.match(/\s*\S+(?:\s+$)?/g) ?? [];
  if (wish.tokens !== undefined)
    return words(Array.from({ length: wish.tokens }, (_, i) => `w${i + 1}`).join(' '));
  if (wish.echo) return words(JSON.stringify(messages));
  const verdict = verdictOn(lastUserText(messages));
  if (verdict !== undefined) return [verdict];
  return words(answerTo(messages) + (wish.split ? ' Grüße, 世界 🙂🙃' : ''));
}

async function whole({ res, signal, calls }: Exchange, reply: Reply, fault: Fault): Promise<void> {
  const { call, id, model, usage, finishReason } = reply;
  await calls.pass(call, signal);
  if (fault.kind === 'hang') await never(signal);
  if (fault.kind === 'reset' || fault.kind === 'cut') return destroy(res, calls, call);
  if (fault.kind === 'malformed') return void res.writeHead(200, JSON_TYPE).end('{"id": "chatcmpl-');
  calls.note(call, { chunks: reply.pieces.length });
  const message = {
    role: 'assistant',
    content: reply.pieces.join(''),
    refusal: null,
    ...(reply.toolCall && { tool_calls: [toolCallPiece(id, reply.toolCall.join(''))] }),
  };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: finishReason }];
  sendJson(res, { id, object: 'chat.completion', created: seconds(), model, choices, usage });
}

async function stream(exchange: Exchange, reply: Reply, fault: Fault, wish: Directives): Promise<void> {
  const { body, res, signal, calls, chunkMs } = exchange;
  const { call, pieces } = reply;
  const withUsage = isObject(body.stream_options) && body.stream_options.include_usage === true;
  const head = { id: reply.id, object: 'chat.completion.chunk', created: seconds(), model: reply.model };
  const send = async (choices: JsonObject[], usage: JsonObject | null = null) => {
    const data = JSON.stringify({ ...head, choices, ...(withUsage ? { usage } : {}) });
    await write(res, `data: ${data}\n\n`, wish.split, signal);
  };
  const choice = (delta: JsonObject, finish_reason: string | null = null) => [
    { index: 0, delta, logprobs: null, finish_reason },
  ];
  const faultAt = 'after' in fault ? Math.min(fault.after, pieces.length) : Number.POSITIVE_INFINITY;

  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  await send(choice({ role: 'assistant', content: '', refusal: null }));
  for (let i = 0; i <= pieces.length; i++) {
    await calls.pass(call, signal);
    if (i === faultAt) return misbehave(exchange, call, fault);
    if (i === pieces.length) break;
    await send(choice({ content: pieces[i] }));
    calls.note(call, { chunks: i + 1 });
    await pauseBetween(wish.gap ?? chunkMs, signal);
  }
  if (reply.toolCall !== null) {
    const [first, rest] = reply.toolCall;
    await send(choice({ tool_calls: [toolCallPiece(reply.id, first)] }));
    await send(choice({ tool_calls: [{ index: 0, function: { arguments: rest } }] }));
  }
  await send(choice({}, reply.finishReason));
  if (withUsage) await send([], reply.usage);
  res.end('data: [DONE]\n\n');
}

function toolCallPiece(id: string, input: string): JsonObject {
  return { index: 0, id: `call-${id}`, type: 'function', function: { name: HAND_OVER, arguments: input } };
}

async function misbehave({ body, res, signal, calls }: Exchange, call: Call, fault: Fault): Promise<void> {
  if (fault.kind === 'hang') await never(signal);
  if (fault.kind === 'reset') return destroy(res, calls, call);
  if (fault.kind === 'malformed')
    res.write(`data: {"choices": [{"content": ${JSON.stringify(lastUserText(messagesOf(body)))}\n\n`);
  res.end();
}

/** Destroys the connection after the written chunks have left: a test expects to have seen N chunks. */
async function destroy(res: ServerResponse, calls: Calls, call: Call): Promise<void> {
  await sleep(20);
  calls.note(call, { ended: true });
  res.socket?.resetAndDestroy();
}

async function write(res: ServerResponse, text: string, split: boolean, signal: AbortSignal): Promise<void> {
  if (!split) {
    if (!res.write(text)) await once(res, 'drain', { signal });
    return;
  }
  const bytes = Buffer.from(text);
  const inside = bytes.findIndex((byte) => byte >= 0x80 && byte < 0xc0);
  const at = inside > 0 ? inside : bytes.length >> 1;
  res.write(bytes.subarray(0, at));
  await sleep(3, undefined, { signal }); // two writes in one tick would leave as one packet
  res.write(bytes.subarray(at));
}

// Lets other requests run between chunks, even at full speed.
const pauseBetween = (ms: number, signal: AbortSignal): Promise<void> =>
  ms > 0 ? sleep(ms, undefined, { signal }) : tick(undefined, { signal });

async function never(signal: AbortSignal): Promise<never> {
  await once(signal, 'abort');
  throw signal.reason;
}

const seconds = (): number => Math.floor(Date.now() / 1000);
const JSON_TYPE = { 'content-type': 'application/json' };
