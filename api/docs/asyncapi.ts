import type { SchemaObject } from 'ajv';
import { Type } from '../contract/type.ts';
import type { ClientEvent } from '../contract/contract.ts';
import { problemBody } from '../contract/problem.ts';
import { schemas } from '../contract/schema.ts';
import { runEvents } from '../runs/contract.ts';
import { clientEvents, serverEvents } from '../sockets/contract.ts';
import { framesIn, framesOut } from '../websocket/contract.ts';
import { env } from '../../shared/base/env.ts';
import { ACCESS_TOKEN, info } from './openapi.ts';

type Message = { name: string; summary?: string; payload: SchemaObject; examples?: object[] };
type Operation = { action: 'send' | 'receive'; summary: string; channel: object; [field: string]: unknown };
export type AsyncApi = {
  asyncapi: string;
  channels: Record<string, { messages: Record<string, Message>; [field: string]: unknown }>;
  operations: Record<string, Operation>;
  components: { schemas: Record<string, SchemaObject>; securitySchemes: object };
  [field: string]: unknown;
};

/** Builds the AsyncAPI 3.0 document: Socket.IO, the plain WebSocket, and a run's event stream. */
export function buildAsyncapi(): AsyncApi {
  return {
    asyncapi: '3.0.0',
    info: { ...info, license: { name: 'MIT' }, description: ABOUT },
    servers: SERVERS,
    defaultContentType: 'application/json',
    channels: {
      socket: {
        address: '/socket.io',
        title: 'Socket.IO',
        description:
          'WebSocket transport only. `auth: {token}` is the access token; as a function it returns a fresh token for each connection. When ' +
          'the token expires, the server sends `token_expired` and closes the connection, and the client dials again. When the sign-in ' +
          'ends, the server disconnects the socket for good.',
        servers: [{ $ref: '#/servers/socket' }],
        messages: { ...pushed(serverEvents, pushedKey), ...said() },
      },
      webSocket: {
        address: '/api/v1/chat/ws/{user_id}',
        title: 'Plain WebSocket',
        description:
          'JSON text frames, each with a `type`. The access token is a subprotocol beside `parley`, or the query `token`.',
        parameters: { user_id: { description: 'Your own.' } },
        servers: [{ $ref: '#/servers/ws' }],
        messages: {
          ...pushed(framesOut),
          ...pushed(framesIn),
        },
      },
      stream: {
        address: '/api/v1/runs/{id}/events',
        title: 'Server-sent events of one run',
        parameters: { id: { description: 'The run.' } },
        servers: [{ $ref: '#/servers/http' }],
        messages: pushed(runEvents),
      },
    },
    operations: {
      ...pushing('socket', 'push', Object.keys(serverEvents), pushedKey),
      ...pushing('stream', 'stream', Object.keys(runEvents)),
      ...pushing('webSocket', 'frame', Object.keys(framesOut)),
      ...taking(),
      frameMessage: {
        action: 'receive',
        summary: 'Send a message',
        channel: { $ref: '#/channels/webSocket' },
        messages: [{ $ref: '#/channels/webSocket/messages/message' }],
      },
      frameRefresh: {
        action: 'receive',
        summary: 'Send a newer access token',
        channel: { $ref: '#/channels/webSocket' },
        messages: [{ $ref: '#/channels/webSocket/messages/refresh' }],
      },
    },
    components: { schemas, securitySchemes: SECURITY },
  };
}

const ABOUT =
  'All sockets of a user get all events of that user’s runs. Within an attempt `seq` rises by one; a later attempt begins ' +
  'at `attempt × 1,000,000`. Order events by `seq`, drop what an earlier attempt showed, and call `resume` for any other gap.';

const { protocol, host, pathname } = new URL(env.PUBLIC_URL || 'http://localhost:8000');
const TLS = protocol === 'https:' ? 's' : '';
const PLACE = { host, ...(pathname !== '/' && { pathname }) };
const TOKEN = [{ $ref: '#/components/securitySchemes/token' }];
const SERVERS = {
  socket: { ...PLACE, protocol: 'socketio', security: TOKEN },
  ws: { ...PLACE, protocol: `ws${TLS}`, security: [{ $ref: '#/components/securitySchemes/query' }] },
  http: { ...PLACE, protocol: `http${TLS}`, security: TOKEN },
};

const SECURITY = {
  token: ACCESS_TOKEN,
  query: { type: 'httpApiKey', in: 'query', name: 'token', description: 'The same, for browsers.' },
};

function pushed(events: Record<string, SchemaObject>, keyOf = key): Record<string, Message> {
  return Object.fromEntries(
    Object.entries(events).map(([name, payload]) => [keyOf(name), { name, payload }]),
  );
}

/** Returns the events of clients, and their acknowledgements. */
function said(): Record<string, Message> {
  return Object.fromEntries(
    Object.entries<ClientEvent>(clientEvents).flatMap(([name, { summary, frame, answer, example }]) => [
      [key(name), { name, summary, payload: frame, examples: [{ payload: example }] }],
      [`${key(name)}Answer`, { name: `${name} (acknowledgement)`, payload: acknowledgement(answer) }],
    ]),
  );
}

/** Returns the schema of an acknowledgement. */
export function acknowledgement(answer: SchemaObject): SchemaObject {
  const yes = { allOf: [Type.Object({ ok: Type.Literal(true) }), answer] };
  const no = Type.Object({ ok: Type.Literal(false), error: problemBody });
  return { anyOf: [yes, no] };
}

function pushing(channel: string, verb: string, names: string[], keyOf = key): Record<string, Operation> {
  return Object.fromEntries(
    names.map((name) => [
      `${verb}${capital(key(name))}`,
      {
        action: 'send' as const,
        summary: `\`${name}\``,
        channel: { $ref: `#/channels/${channel}` },
        messages: [{ $ref: `#/channels/${channel}/messages/${keyOf(name)}` }],
      },
    ]),
  );
}

function taking(): Record<string, Operation> {
  const channel = { $ref: '#/channels/socket' };
  return Object.fromEntries(
    Object.entries<ClientEvent>(clientEvents).map(([name, { summary }]) => [
      key(name),
      {
        action: 'receive' as const,
        summary,
        channel,
        messages: [{ $ref: `#/channels/socket/messages/${key(name)}` }],
        reply: { channel, messages: [{ $ref: `#/channels/socket/messages/${key(name)}Answer` }] },
      },
    ]),
  );
}

/** Turns `run.failed` into `runFailed`. */
function key(name: string): string {
  return name.replaceAll(/\.(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Returns the key of an event that the server pushes. Clients may send another event of the same name. */
function pushedKey(name: string): string {
  return Object.hasOwn(clientEvents, name) ? `${key(name)}Pushed` : key(name);
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
