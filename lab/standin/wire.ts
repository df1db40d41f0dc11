import type { IncomingMessage, ServerResponse } from 'node:http';

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json | undefined };
export type JsonObject = { [key: string]: Json | undefined };

const BODY_LIMIT = 64 * 1024 * 1024;

/** An error in OpenAI's form. An endpoint throws it; the server sends it. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string | null;
  readonly retryAfter: string | undefined;

  constructor(status: number, message: string, code: string | null = null, retryAfter?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** Returns the body as a JSON object. @throws ApiError 400 or 413 */
export async function readJson(req: IncomingMessage): Promise<JsonObject> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of req as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > BODY_LIMIT) throw new ApiError(413, 'Request body too large');
    parts.push(part);
  }
  try {
    const parsed = JSON.parse(Buffer.concat(parts).toString('utf8') || '{}') as Json;
    if (isObject(parsed)) return parsed;
  } catch {
    // said below
  }
  throw new ApiError(400, 'We could not parse the JSON body of your request.');
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the text of a message or an input: a string, or an array of `{type: "text", text}` parts. */
export function textOf(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return '';
  return value.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('\n');
}

export function sendJson(res: ServerResponse, body: Json, status = 200): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function sendError(res: ServerResponse, error: ApiError): void {
  if (error.retryAfter !== undefined) res.setHeader('retry-after', error.retryAfter);
  const type = TYPES[error.status] ?? (error.status >= 500 ? 'server_error' : 'invalid_request_error');
  sendJson(res, { error: { message: error.message, type, param: null, code: error.code } }, error.status);
}

const TYPES: Record<number, string> = { 429: 'requests', 401: 'authentication_error' };
