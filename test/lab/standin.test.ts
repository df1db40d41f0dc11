import { expect } from 'chai';
import OpenAI from 'openai';
import { faqs } from '../../db/seeds/faqs.ts';
import { DIMENSIONS } from '../../lab/standin/embedding.ts';
import { hashOf, type Provider, startProvider } from '../support/provider.ts';

describe('the stand-in for the model', () => {
  let provider: Provider;
  let openai: OpenAI;

  before(async () => {
    provider = await startProvider();
    openai = new OpenAI({ baseURL: provider.url, apiKey: 'none', maxRetries: 0 });
  });
  beforeEach(() => provider.reset());
  after(() => provider.stop());

  /** Streams an answer; calls onChunk with each content chunk as it arrives. */
  async function ask(content: string, options: AskOptions = {}): Promise<Answer> {
    const before = options.system ? [{ role: 'system' as const, content: options.system }] : [];
    const stream = await openai.chat.completions.create(
      {
        model: 'gpt-test',
        messages: [...before, { role: 'user', content }],
        stream: true,
        stream_options: { include_usage: true },
        ...(options.maxTokens === undefined ? {} : { max_completion_tokens: options.maxTokens }),
      },
      options.signal ? { signal: options.signal } : {},
    );
    const answer: Answer = { chunks: [], finishReason: null, usage: null };
    for await (const { choices, usage } of stream) {
      const delta = choices[0]?.delta.content;
      if (delta) answer.chunks.push(delta);
      if (delta) options.onChunk?.(answer.chunks.length);
      answer.finishReason = choices[0]?.finish_reason ?? answer.finishReason;
      answer.usage = usage?.completion_tokens ?? answer.usage;
    }
    return answer;
  }

  async function failure(promise: Promise<unknown>): Promise<Error> {
    return promise.then(
      () => expect.fail('should have failed'),
      (error: Error) => error,
    );
  }

  describe('chat completions', () => {
    it("streams in OpenAI's wire format", async () => {
      const res = await fetch(`${provider.url}/chat/completions`, {
        method: 'POST',
        body: JSON.stringify({
          model: 'gpt-test',
          messages: [{ role: 'user', content: '[[tokens:2]]' }],
          stream: true,
          stream_options: { include_usage: true },
        }),
      });
      const events = (await res.text()).split('\n\n');
      expect(res.headers.get('content-type')).to.match(/^text\/event-stream/);
      expect(events.splice(-2)).to.deep.equal(['data: [DONE]', '']);
      const chunks = events.map((event) => JSON.parse(event.slice('data: '.length)) as Chunk);
      expect(chunks.map(({ choices }) => choices[0]?.delta)).to.deep.equal([
        { role: 'assistant', content: '', refusal: null },
        { content: 'w1' },
        { content: ' w2' },
        {},
        undefined,
      ]);
      expect(chunks.map(({ choices }) => choices[0]?.finish_reason)).to.deep.equal([
        null,
        null,
        null,
        'stop',
        undefined,
      ]);
      expect(chunks.at(-1)?.usage).to.deep.equal({ prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 });
      expect(chunks[0]).to.include({ object: 'chat.completion.chunk', model: 'gpt-test', usage: null });
    });

    it('are read by the SDK, streamed and whole', async () => {
      const answer = await ask('[[tokens:3]]');
      expect(answer).to.deep.equal({ chunks: ['w1', ' w2', ' w3'], finishReason: 'stop', usage: 3 });
      const whole = await openai.chat.completions.create({
        model: 'gpt-test',
        messages: [{ role: 'user', content: '[[tokens:3]]' }],
      });
      expect(whole.choices[0]).to.deep.include({ finish_reason: 'stop' });
      expect(whole.choices[0]?.message.content).to.equal('w1 w2 w3');
    });

    it('stop at max_completion_tokens', async () => {
      const answer = await ask('[[tokens:30]]', { maxTokens: 4 });
      expect(answer).to.deep.equal({ chunks: ['w1', ' w2', ' w3', ' w4'], finishReason: 'length', usage: 4 });
    });

    it('cite the passage that the search put first, whatever the last message alone is near', async () => {
      const first = await ask('How long does it take?', { system: passages() });
      expect(first.chunks.join('')).to.equal(`${english[0]?.answer} [1]`);
      const other = await ask(english[0]?.question ?? '', { system: passages(english.toReversed()) });
      expect(other.chunks.join('')).to.equal(`${english.at(-1)?.answer} [1]`);
    });

    it('hand over where a person is asked for and the tool is offered', async () => {
      const handsOver = async (content: string) => {
        const { choices } = await openai.chat.completions.create({
          model: 'gpt-test',
          messages: [{ role: 'user', content }],
          tools: [{ type: 'function', function: { name: 'hand_over_to_person' } }],
        });
        return choices[0]?.finish_reason === 'tool_calls';
      };
      expect(await handsOver('Can I speak to someone?')).to.equal(true);
      expect(await handsOver('Ich möchte bitte mit einem Mitarbeiter sprechen')).to.equal(true);
      expect(await handsOver('Darf man mit einem Hund in den Laden?')).to.equal(false);
    });

    it('greet back in the language of a greeting', async () => {
      const said = async (text: string) => (await ask(text)).chunks.join('');
      expect(await said('hello')).to.match(/^Hello! I am a local stand-in/);
      expect(await said('Guten Tag!')).to.match(/^Hallo! Ich bin nur ein lokaler Ersatz/);
      expect(await said('Merci beaucoup')).to.match(/^Bonjour !/);
      expect(await said('hola')).to.match(/^Hola\./);
      expect(await said('Hello, what is the capital of France?')).to.contain('found nothing');
    });

    it("say in the user's language that it is a stand-in when there are no passages", async () => {
      const english = (await ask('What is the capital of France?')).chunks.join('');
      expect(english)
        .to.match(/local stand-in and not a language model/)
        .and.contain('capital of France');
      const german = (await ask('Was ist die Hauptstadt von Frankreich?')).chunks.join('');
      expect(german)
        .to.match(/kein Sprachmodell/)
        .and.contain('Hauptstadt von Frankreich');
      const bySystem = (await ask('Frankreich', { system: 'Du bist Parley und antwortest auf Deutsch.' }))
        .chunks;
      expect(bySystem.join('')).to.match(/kein Sprachmodell/);
    });

    it("refuse requests with an error in OpenAI's format", async () => {
      const error = await failure(openai.chat.completions.create({ model: '', messages: [] }));
      expect(error)
        .to.be.instanceOf(OpenAI.BadRequestError)
        .and.have.property('type', 'invalid_request_error');
      const res = await fetch(`${provider.url}/nothing`);
      expect(res.status).to.equal(404);
      expect(await res.json()).to.have.nested.property('error.code', 'unknown_url');
    });
  });

  describe('directives', () => {
    it('[[status]] answers with an error and Retry-After', async () => {
      const error = await failure(ask('[[status:429;retry-after:2]]'));
      expect(error).to.be.instanceOf(OpenAI.RateLimitError).and.have.property('code', 'rate_limit_exceeded');
      expect((error as InstanceType<typeof OpenAI.APIError>).headers?.get('retry-after')).to.equal('2');
      expect(await failure(ask('[[status:500]]'))).to.be.instanceOf(OpenAI.InternalServerError);
    });

    it('[[times]] ends the fault after so many calls of that text', async () => {
      const text = '[[status:500]] [[times:2]] [[tokens:1]]';
      await failure(ask(text));
      await failure(ask(text));
      expect((await ask(text)).chunks).to.deep.equal(['w1']);
      await failure(ask(`${text} another text`));
    });

    it('[[cut]] ends the stream without a finish_reason', async () => {
      expect(await ask('[[tokens:9]] [[cut:2]]')).to.deep.equal({
        chunks: ['w1', ' w2'],
        finishReason: null,
        usage: null,
      });
    });

    for (const [directive, expected] of [
      ['[[reset:2]]', /terminated|ECONNRESET|aborted|closed/i],
      ['[[malformed:2]]', /JSON/],
    ] as const) {
      it(`${directive} breaks the stream after two chunks`, async () => {
        let seen = 0;
        const error = await failure(ask(`[[tokens:9]] ${directive}`, { onChunk: (n) => (seen = n) }));
        expect(seen).to.equal(2);
        expect(error.message).to.match(expected);
      });
    }

    it('[[hang]] and [[silent]] keep the client waiting until it hangs up', async () => {
      for (const [directive, chunks] of [
        ['[[hang:2]]', 2],
        ['[[silent]]', 0],
      ] as const) {
        provider.reset();
        const abort = new AbortController();
        const asked = ask(`[[tokens:9]] ${directive}`, { signal: abort.signal }).catch(() => undefined);
        await provider.until(([call]) => call?.chunks === chunks);
        abort.abort();
        await asked;
        await provider.until(([call]) => call?.aborted === true);
        expect(provider.calls()[0]).to.include({ chunks, aborted: true, ended: false });
      }
    });

    it('[[delay]] and [[gap]] delay the answer and its chunks', async () => {
      const begun = performance.now();
      expect((await ask('[[delay:40]] [[gap:20]] [[tokens:3]]')).chunks).to.have.length(3);
      expect(performance.now() - begun).to.be.at.least(95);
    });

    it('[[split]] cuts characters across packets, and the SDK joins them', async () => {
      const answer = await ask('[[split]] hello');
      expect(answer.chunks.join('')).to.match(/Grüße, 世界 🙂🙃$/);
    });

    it('[[huge]] sends one chunk of 10 MB', async () => {
      expect((await ask('[[huge]]')).chunks.map((chunk) => chunk.length)).to.deep.equal([10 * 1024 * 1024]);
    });

    it('[[echo]] answers with the messages received', async () => {
      const answer = await ask('  what  came?\n[[echo]]', { system: 'Be kind.' });
      expect(JSON.parse(answer.chunks.join(''))).to.deep.equal([
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: '  what  came?\n[[echo]]' },
      ]);
    });
  });

  describe('control', () => {
    it('pauses new streams after N chunks until resumed', async () => {
      provider.pause(2);
      const asked = ask('[[tokens:5]]');
      await provider.until(([call]) => call?.held === true);
      expect(provider.calls()[0]).to.include({ chunks: 2, held: true, ended: false });
      provider.resume();
      expect((await asked).chunks).to.have.length(5);
      expect(provider.calls()[0]).to.include({ chunks: 5, held: false, ended: true, aborted: false });
    });

    it('pauses running streams too, over HTTP', async () => {
      const control = new URL('/', provider.url);
      const abort = new AbortController();
      const asked = ask('[[gap:1]] [[tokens:5000]]', { signal: abort.signal }).catch(() => undefined);
      await provider.until(([call]) => (call?.chunks ?? 0) > 3);
      await fetch(new URL('_pause', control), { method: 'POST' });
      await provider.until(([call]) => call?.held === true);
      const calls = (await (await fetch(new URL('_calls', control))).json()) as object[];
      expect(calls[0]).to.include({ path: '/v1/chat/completions', model: 'gpt-test', held: true, count: 1 });
      expect(calls[0]).to.include({ text_hash: hashOf('[[gap:1]] [[tokens:5000]]') });
      abort.abort();
      await asked;
      await provider.until(([call]) => call?.aborted === true);
      await fetch(new URL('_reset', control), { method: 'POST' });
      expect(provider.calls()).to.deep.equal([]);
    });
  });

  describe('embeddings', () => {
    const embedAll = async (input: string[], encoding_format?: 'float') => {
      const { data } = await openai.embeddings.create({
        model: 'text-embedding-3-small',
        input,
        ...(encoding_format ? { encoding_format } : {}),
      });
      return data.map(({ embedding }) => embedding);
    };
    const dot = (a: number[] = [], b: number[] = []) => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);

    it('are the same in base64, which the SDK asks for, and in float', async () => {
      const [base64] = await embedAll(['How do I reset my password?']);
      const [float] = await embedAll(['How do I reset my password?'], 'float');
      expect(base64).to.have.length(DIMENSIONS).and.deep.equal(float);
      expect(dot(base64, base64)).to.be.closeTo(1, 1e-5);
    });

    it('have a direction for texts without content words', async () => {
      for (const vector of await embedAll(['the', '???'])) expect(dot(vector, vector)).to.be.closeTo(1, 1e-5);
    });

    it('are near for paraphrases of a seeded question, and far for other topics', async () => {
      const seeds = await embedAll(faqs.map((faq) => faq.question));
      // Some FAQs stand there in two languages, which are near to each other.
      const nearest = (vector: number[], language?: string) =>
        seeds
          .map((seed, i) => ({ slug: faqs[i]?.slug, language: faqs[i]?.language, near: dot(seed, vector) }))
          .filter((one) => language === undefined || one.language === language)
          .sort((a, b) => b.near - a.near)[0];
      const asked = await embedAll(PARAPHRASES.map(([, text]) => text));
      for (const [i, [slug, text]] of PARAPHRASES.entries()) {
        const { language } = faqs.find((faq) => faq.slug === slug) ?? {};
        expect(nearest(asked[i] ?? [], language), text).to.include({ slug });
        expect(nearest(asked[i] ?? [])?.near, text).to.be.at.least(0.35);
      }
      for (const [i, vector] of (await embedAll(UNANSWERABLE)).entries()) {
        expect(nearest(vector)?.near, UNANSWERABLE[i]).to.be.below(0.3);
      }
    });

    it('are nearer for the same in other words or another language than for another question', async () => {
      for (const [asked, same, other] of SAME) {
        const [vector, ...both] = await embedAll([asked, same, other]);
        const [nearSame = 0, nearOther = 0] = both.map((one) => dot(vector, one));
        expect(nearSame, asked).to.be.above(nearOther + 0.1);
      }
    });

    it('have as many numbers as the model of that name, or as are asked for', async () => {
      const sizes = [
        ['nomic-embed-text', undefined, 768],
        ['text-embedding-3-large', undefined, 3_072],
        ['text-embedding-3-large', 256, 256],
      ] as const;
      for (const [model, dimensions, size] of sizes) {
        const { data } = await openai.embeddings.create({
          model,
          input: 'one',
          ...(dimensions && { dimensions }),
        });
        expect(data[0]?.embedding).to.have.length(size);
      }
    });

    it('fail on request', async () => {
      expect(await failure(embedAll(['a [[fail-embeddings]] b']))).to.be.instanceOf(
        OpenAI.InternalServerError,
      );
      await failure(embedAll(['once [[fail-embeddings]] [[times:1]]']));
      expect(await embedAll(['once [[fail-embeddings]] [[times:1]]'])).to.have.length(1);
      expect(await failure(embedAll(['']))).to.be.instanceOf(OpenAI.BadRequestError);
    });
  });

  it('flags a few words in moderation, and fails on request', async () => {
    const moderate = (input: string | string[]) =>
      openai.moderations.create({ model: 'omni-moderation-latest', input });
    const { results } = await moderate(['hello', 'please [[flag]] this', 'I will KILL YOU']);
    expect(results.map(({ flagged }) => flagged)).to.deep.equal([false, true, true]);
    expect(results[1]?.categories.violence).to.equal(true);
    expect(results[0]?.category_scores.violence).to.be.below(0.01);
    expect(await failure(moderate('[[fail-moderation]]'))).to.be.instanceOf(OpenAI.InternalServerError);
  });

  it('lists models and accepts any name', async () => {
    expect((await openai.models.list()).data.length).to.be.greaterThan(0);
    expect(await openai.models.retrieve('gpt-test')).to.include({ id: 'gpt-test', object: 'model' });
  });
});

type Answer = { chunks: string[]; finishReason: string | null; usage: number | null };
type AskOptions = {
  system?: string;
  maxTokens?: number;
  signal?: AbortSignal;
  onChunk?: (n: number) => void;
};
type Chunk = { choices: { delta: object; finish_reason: string | null }[]; usage: object | null };

const english = faqs.filter((faq) => faq.language === 'en');

function passages(listed = english): string {
  const blocks = listed.map(
    ({ question, answer }, i) =>
      `<passage id="${i + 1}" lang="en">\nQuestion: ${question}\nAnswer: ${answer}\n</passage>`,
  );
  return `Answer from the passages.\n<passages>\n${blocks.join('\n')}\n</passages>`;
}

const PARAPHRASES = [
  ['reset-password', 'I forgot my password, what now?'],
  ['reset-password', 'How can I change my password?'],
  ['languages', 'Can I talk to it in another language?'],
  ['many-devices', 'Can I be signed in on two devices?'],
  ['token-expiry', 'When does my access token expire?'],
  ['connection-drops', 'My connection dropped in the middle of an answer'],
  ['cancel-answer', 'How do I cancel a long answer?'],
  ['delete-conversation', 'I want to get rid of an old conversation'],
  ['rate-limits', 'What is the limit of messages in an hour?'],
  ['wipe-redis', 'Is anything lost when Redis is emptied?'],
  ['configure-model', 'Can I use another model?'],
  ['self-hosting', 'How do I install Parley on a server of mine?'],
  ['passwort-zuruecksetzen', 'Ich habe mein Passwort vergessen'],
  ['sprachen', 'In welchen Sprachen kann ich fragen?'],
  ['mehrere-geraete', 'Kann ich auf zwei Geräten angemeldet sein?'],
  ['verbindung-bricht-ab', 'Das WLAN ist mitten in der Antwort ausgefallen'],
  ['antwort-abbrechen', 'Wie stoppe ich eine Antwort?'],
  ['unterhaltung-loeschen', 'Ich möchte eine alte Unterhaltung entfernen'],
  ['grenzen', 'Wie viele Nachrichten pro Stunde sind erlaubt?'],
  ['datenschutz-einwilligung', 'Muss ich der Verarbeitung meiner Daten zustimmen?'],
  ['redis-geleert', 'Gehen Nachrichten verloren, wenn Redis geleert wird?'],
  ['modell-einstellen', 'Kann ich ein anderes Modell einstellen?'],
  ['selbst-betreiben', 'Wie installiere ich Parley auf meinem Server?'],
] as const;

/** A question, the same without a word of it, and one with as many of its words about something else. */
const SAME = [
  ['Which doctor treats children?', 'A physician for kids', 'A shop for bicycles'],
  ['Where can I leave my car?', 'Parking garage', 'Dinner restaurant'],
  ['Wo kann ich mein Auto abstellen?', 'Is there a parking lot?', 'Is there a restaurant?'],
  ['Was kosten die Wohnungsschlüssel?', 'The price of apartment keys', 'The colour of winter coats'],
  ['Das Paket ist verspätet', 'My parcel is late', 'My password is wrong'],
  ['Mülltonne abgeholt', 'Garbage collection', 'Swimming lessons'],
] as const;

const UNANSWERABLE = [
  'What is the capital of France?',
  'How do I bake sourdough bread?',
  'Who won the world cup in 1998?',
  'asdf qwer zxcv',
  'Tell me a joke',
  'What will the weather be tomorrow?',
  'Was ist die Hauptstadt von Frankreich?',
  'Wie backe ich Brot?',
  'Erzähl mir einen Witz',
  'Welche Farbe hat der Himmel?',
  'xyzzy blorf',
];
