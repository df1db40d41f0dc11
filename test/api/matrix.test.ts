import { expect } from 'chai';
import type { AsyncApi } from '../../api/docs/asyncapi.ts';
import { type Role, ROLES } from '../../db/models/role.ts';
import { redis, untilReady } from '../../shared/delivery/redis.ts';
import { type Api, call } from '../support/api.ts';
import { connectDevice, type Device } from '../support/device.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { type BuiltUser, buildSession } from '../support/factories.ts';
import { checkAnswer, openapi } from '../support/openapi.ts';
import { playWorker, send, serveWeb } from '../support/web.ts';
import { dial, type Wire } from '../support/wire.ts';
import { eventRules } from './matrix/events.ts';
import { type Named, type Rule, rules } from './matrix/rules.ts';
import { type Actor, ACTORS, buildCast, type Cast, secretOf, talk } from './matrix/things.ts';

type Whose = 'own' | "somebody else's";
const RIGHTS: Record<Rule['who'], readonly Role[]> = {
  anyone: ROLES,
  'signed in': ROLES,
  editors: ['agent', 'admin'],
  admins: ['admin'],
};

describe('who may do what', function () {
  this.timeout(20_000);
  let api: Api;
  let provider: Provider;
  let cast: Cast;
  before(async () => {
    await untilReady(redis);
    [api, provider] = await Promise.all([serveWeb(), startProvider()]);
    cast = await buildCast();
    await Promise.all(Object.values(cast).map(talk));
  });
  after(() => Promise.all([api.close(), provider.stop()]));

  const documented = Object.entries(openapi.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );

  it('is specified for every documented route and no other', async () => {
    const { body } = await call(`${api.url}/openapi.json`);
    expect(Object.keys(body.paths as object)).to.deep.equal(Object.keys(openapi.paths));
    expect(Object.keys(rules)).to.have.members(documented);
  });

  it('is specified for others’ ids wherever a path names an id of somebody', () => {
    for (const [route, { names, others }] of Object.entries(rules))
      if (route.includes('{') && names?.length !== 0) expect(others, route).to.be.a('number');
  });

  for (const route of documented)
    it(route, async () => {
      const rule = rules[route];
      if (rule === undefined) throw new Error('say who may: test/api/matrix/rules.ts');
      const whose: Whose[] = rule.others === undefined ? ['own'] : ['own', "somebody else's"];
      const cases = ACTORS.flatMap((actor) => whose.map((of) => [actor, of] as const));
      await Promise.all(cases.map(([actor, of]) => expectAnswer(route, rule, actor, of)));
    });

  /** Sends a request and checks the answer against the rule. Only the actor's own texts may appear in it. */
  async function expectAnswer(route: string, rule: Rule, actor: Actor, whose: Whose) {
    const self = actor === 'anonymous' ? cast.user : await actorFor(rule, actor);
    const stranger = actor === 'user' ? cast.other : cast.user;
    const named = await rule.names?.(whose === 'own' ? self : stranger);
    const token = actor === 'anonymous' ? null : (await buildSession(self)).access;
    const { status, text } = await ask(route, named ?? {}, token, rule);
    const what = `${actor}, ${whose}: ${text.slice(0, 300)}`;
    expect(status, what).to.equal(expectedStatus(rule, actor, self, whose));
    if (rule.shows && status < 300) return;
    for (const somebody of Object.values(cast)) {
      if (somebody === self) continue;
      expect(text, what).to.not.contain(secretOf(somebody));
      expect(text, what).to.not.contain(somebody.email);
    }
  }

  /** The actor; a new account where the answer changes the actor's role. */
  async function actorFor(rule: Rule, actor: keyof Cast): Promise<BuiltUser> {
    return rule.changes === actor ? (await buildCast())[actor] : cast[actor];
  }

  async function ask(route: string, named: Named, token: string | null, rule: Rule) {
    const [method = '', pattern = ''] = route.split(' ');
    const path = pattern.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(named.path?.[name]));
    const query = rule.tokenInQuery && token !== null ? `token=${token}` : (named.query ?? '');
    const url = `${api.url}${path}${query && `?${query}`}`;
    const answer = await fetch(url, {
      method,
      redirect: 'manual',
      headers: {
        'content-type': named.form === undefined ? 'application/json' : 'application/x-www-form-urlencoded',
        ...(token !== null && !rule.tokenInQuery && { authorization: `Bearer ${token}` }),
      },
      body: named.form ?? (named.body === undefined ? null : JSON.stringify(named.body)),
    });
    const text = await answer.text();
    const { status, headers } = answer;
    if (headers.get('content-type')?.includes('json'))
      checkAnswer(method, url, { status, headers, body: JSON.parse(text) });
    return { status, text };
  }

  it('holds for the path of the board with every method', async () => {
    const { guest, user, agent } = await buildCast();
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
      for (const path of ['', '/api/queues/completion/pause', '/api/queues/completion/clean/completed']) {
        expect(
          (await ask(`${method} /admin/queues${path}`, {}, null, rules['GET /admin/queues']!)).status,
        ).to.equal(401);
        for (const { access } of [guest, user, agent]) {
          const { status } = await ask(
            `${method} /admin/queues${path}`,
            {},
            access,
            rules['GET /admin/queues']!,
          );
          expect(status, `${method} ${path}`).to.equal(403);
        }
      }
  });

  describe('over sockets', () => {
    const devices = new Map<BuiltUser, Device>();
    const wires = new Map<BuiltUser, Wire>();
    before(async () => {
      cast = await buildCast();
      for (const one of Object.values(cast)) {
        devices.set(one, await connectDevice(api.url, one.access));
        wires.set(one, await dial(api.url, one.id, one.access));
      }
    });
    after(() => {
      for (const device of devices.values()) device.close();
      for (const { socket } of wires.values()) socket.terminate();
    });

    it('is specified for every documented client event and no other', async () => {
      const { body } = await call(`${api.url}/asyncapi.json`);
      expect(Object.keys(eventRules)).to.have.members(receivedEvents(body as unknown as AsyncApi));
    });

    it('lets no client in without a token', async () => {
      const refused = await connectDevice(api.url, '').catch((err: Error) => err);
      expect((refused as Error).message).to.equal('unauthenticated');
      const { user, other } = cast;
      for (const dialled of [dial(api.url, user.id), dial(api.url, user.id, other.access)]) {
        const err = await dialled.catch((refusal: { status: number }) => refusal);
        expect((err as { status: number }).status).to.be.oneOf([401, 404]);
      }
    });

    for (const [event, rule] of Object.entries(eventRules))
      it(event, async () => {
        for (const actor of Object.values(cast)) {
          const stranger = actor === cast.user ? cast.other : cast.user;
          if (rule.only !== undefined) {
            const code = rule.only.includes(actor.role) ? null : rule.others;
            expect(await codeOf(event, actor, await rule.payload(actor)), actor.role).to.equal(code);
            continue;
          }
          expect(await codeOf(event, actor, await rule.payload(actor)), actor.role).to.equal(null);
          expect(await codeOf(event, actor, await rule.payload(stranger)), actor.role).to.equal(rule.others);
        }
      });

    /** Sends an event; returns the code of the refusal, or null. */
    async function codeOf(event: string, actor: BuiltUser, payload: object): Promise<string | null> {
      const [channel, name = ''] = event.split(' ');
      if (channel === 'socket') {
        const { ok, error } = await devices.get(actor)!.ask(name, payload);
        return ok === true ? null : (error as { code: string }).code;
      }
      const wire = wires.get(actor)!;
      wire.frames.length = 0;
      wire.say(payload);
      // Frames are processed in order: the malformed one is answered last.
      wire.say('no frame');
      await wire.until(({ type, code }) => type === 'error' && code === 'malformed_json');
      const refusal = wire.frames.find(
        ({ type, code, status }) => type === 'error' && status && code !== 'malformed_json',
      );
      return refusal === undefined ? null : String(refusal.code);
    }

    it('shows a run to its user only', async () => {
      const everybody = Object.values(cast);
      for (const { events } of devices.values()) events.length = 0;
      for (const { frames } of wires.values()) frames.length = 0;
      // One after the other: when the last run has ended, all earlier pushes have arrived.
      for (const owner of [...everybody, cast.user]) {
        const sent = await send(api, owner);
        const worker = await playWorker(owner, sent);
        await worker.say(secretOf(owner));
        await worker.finish();
        await worker.announce();
        await devices.get(owner)!.ended(sent.run_id);
        await wires.get(owner)!.until(({ type, run_id }) => type === 'response' && run_id === sent.run_id);
      }
      for (const owner of everybody) {
        const shown = JSON.stringify([devices.get(owner)!.events, wires.get(owner)!.frames]);
        expect(shown).to.contain(secretOf(owner));
        for (const somebody of everybody)
          if (somebody !== owner) expect(shown).to.not.contain(secretOf(somebody));
      }
    });
  });
});

function expectedStatus(rule: Rule, actor: Actor, { role }: BuiltUser, whose: Whose): number {
  if (rule.who !== 'anyone' && actor === 'anonymous') return 401;
  if (!RIGHTS[rule.who].includes(role)) return 403;
  if (whose !== 'own') return (rule.despite !== role && rule.others) || rule.status;
  return rule.but?.[actor] ?? rule.status;
}

/** Returns the events that clients may send, by channel and name. */
function receivedEvents({ operations, channels }: AsyncApi): string[] {
  return Object.values(operations)
    .filter(({ action }) => action === 'receive')
    .flatMap(({ messages }) =>
      (messages as { $ref: string }[]).map(({ $ref }) => {
        const [, , channel = '', , key = ''] = $ref.split('/');
        return `${channel} ${channels[channel]?.messages[key]?.name}`;
      }),
    );
}
