import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import { beginEngine, type Engine, local } from '../../support/servers/engine.ts';
import {
  type Body,
  chunk,
  DONE,
  error,
  type Fake,
  json,
  refusesEmpty,
  say,
  serve,
  stream,
  USAGE,
} from '../../support/servers/serve.ts';

/** Whatever else speaks the wire, each under the name of a model. */
const HABITS: Record<string, (res: ServerResponse, body: Body) => void | Promise<void>> = {
  'json instead of a stream': (res) =>
    json(res, 200, {
      id: 'c',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Whole.' }, finish_reason: 'stop' }],
      usage: USAGE,
    }),
  'a message in a chunk': (res) => {
    stream(res)({
      id: 'c',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Whole.' }, finish_reason: 'stop' }],
      usage: USAGE,
    });
    res.end(DONE);
  },
  'no [DONE]': (res) => {
    stream(res)(chunk({ content: 'Whole.' }, 'stop', { usage: USAGE }));
    res.end();
  },
  '[DONE] without an ending': (res) => {
    stream(res)(chunk({ content: 'Whole.' }, null, { usage: USAGE }));
    res.end(DONE);
  },
  'empty events and a refusal': (res) => {
    const send = stream(res);
    send('data:\n\n');
    send('event: ping\ndata: {}\n\n');
    send(chunk({ content: null, refusal: 'Whole.' }));
    send(chunk({}, 'stop', { usage: USAGE }));
    res.end(DONE);
  },
  'an open end': (res) => {
    const send = stream(res);
    send(chunk({ content: 'Whole.' }, 'stop', { usage: USAGE }));
    const pings = setInterval(() => send(': still here\n\n'), 200);
    res.on('close', () => clearInterval(pings));
  },
};

const FAILURES: Record<string, (res: ServerResponse) => void> = {
  'no text': (res) => {
    stream(res)(chunk({ content: '' }, 'stop'));
    res.end(DONE);
  },
  'a tool that nobody offered': (res) => {
    stream(res)(
      chunk({ tool_calls: [{ index: 0, id: 't', function: { name: 'x', arguments: '{}' } }] }, 'tool_calls'),
    );
    res.end(DONE);
  },
};

function generic(): Promise<Fake> {
  return serve({
    '/chat/completions': async (asked, res) => {
      if (refusesEmpty(asked, res)) return;
      const { model = '' } = asked.body;
      const habit = HABITS[model] ?? FAILURES[model];
      if (habit) return habit(res, asked.body);
      if (model === 'no system' && asked.body.messages?.some(({ role }) => role === 'system'))
        return json(res, 400, error('System role not supported'));
      if (model === 'echo')
        return json(res, 400, error(`I will not answer: ${asked.body.messages?.at(-1)?.content}`));
      if (model === 'endless') {
        const send = stream(res);
        for (let i = 0; i < 20_000 && !res.destroyed; i += 1) {
          send(chunk({ content: `w${i} ` }));
          if (i % 50 === 0) await sleep(1);
        }
        return void res.end();
      }
      say(res, asked.body);
    },
  });
}

describe('any other server', () => {
  let fake: Fake;
  let engine: Engine;
  beginEngine(
    generic,
    (origin) => local('generic', origin),
    (begun) => ({ fake, engine } = begun),
  );

  it('answers and is healthy', async () => {
    expect(await engine.ask()).to.include({
      status: 'completed',
      content: 'Hello from the model with 1 passages.',
    });
    expect((await engine.health()).status).to.equal('healthy');
  });

  for (const model of Object.keys(HABITS)) {
    it(`answers with ${model}`, async () => {
      engine.configure({ CHAT_MODEL: `local/${model}` });
      const began = performance.now();
      const expected = {
        status: 'completed',
        content: 'Whole.',
        finish_reason: 'stop',
        total_tokens: 18,
        retries: 0,
      };
      expect(await engine.ask()).to.include(expected);
      expect(performance.now() - began).to.be.below(10_000);
    });
  }

  for (const model of Object.keys(FAILURES)) {
    it(`is asked again where it sends ${model}, and fails with no_answer`, async () => {
      engine.configure({ CHAT_MODEL: `local/${model}` });
      expect(await engine.ask()).to.include({ status: 'failed', error_code: 'no_answer', retries: 4 });
      expect(engine.failures().at(-1)).to.include({ code: 'no_answer' });
    });
  }

  it('gets its instructions in the first question when it refuses the system role', async () => {
    engine.configure({ CHAT_MODEL: 'local/no system' });
    expect(await engine.ask()).to.include({ status: 'completed', retries: 0, attempt: 1 });
    const [first, ...others] = fake.chats().at(-1)?.body.messages ?? [];
    expect(others).to.deep.equal([]);
    expect(first?.content).to.match(/^You are a helpful assistant.*bicycle workshop\?$/s);
  });

  it('teaches nothing when it quotes what it was sent', async () => {
    engine.configure({ CHAT_MODEL: 'local/echo' });
    fake.asked.length = 0;
    const run = await engine.ask(
      'Which temperature has the sun? Send no max_tokens. System role not supported.',
    );
    expect(run).to.include({ status: 'failed', error_code: 'provider_rejected' });
    expect(fake.chats()).to.have.length(1);
  });

  it('is stopped at twice the tokens that an answer may have', async () => {
    engine.configure({ CHAT_MODEL: 'local/endless' });
    const run = await engine.ask();
    expect(run).to.include({ status: 'incomplete', finish_reason: 'length' });
    expect(run.content.split(' ').length).to.be.within(500, 2_500);
  });
});
