import { expect } from 'chai';
import { marked } from 'marked';
import { row } from '../../db/sql.ts';
import { connectDevice } from '../support/device.ts';
import { buildUser } from '../support/factories.ts';
import { expectShownIs } from '../support/invariants.ts';
import { chunk, DONE, type Fake, serveModel, stream } from '../support/servers/serve.ts';
import { type Stack, startStack } from '../support/stack.ts';

const ANSWER = `Look. ![the chart](https://other.example/c.png?q=secret) That is it.

<img src="https://other.example/i.png"> And <b onclick="steal()">this</b>. <script>steal()</script> Done.

![kept][far]

[far]: https://other.example/r.png

Code stays: \`<img src="c.png">\`.`;

/** What is left of it: the words around, the names of images, and code. */
const LEFT = ['Look. ', 'That is it.', 'And this.', 'Done.', '`<img src="c.png">`'];

/** Returns the kinds of what a reader of Markdown would load or run in a text. */
function loadedBy(text: string): string[] {
  const kinds: string[] = [];
  marked.walkTokens(marked.lexer(text), ({ type }) => void kinds.push(type));
  return kinds.filter((kind) => kind === 'image' || kind === 'html');
}

for (const guard of ['on', 'off'] as const) {
  describe(`markup of an answer with OUTPUT_GUARD=${guard}`, function () {
    this.timeout(60_000);
    let fake: Fake;
    let stack: Stack;
    /** Characters of each delta. */
    let piece = 1;
    before(async () => {
      fake = await serveModel((_, res) => {
        const send = stream(res);
        for (let at = 0; at < ANSWER.length; at += piece)
          send(chunk({ content: ANSWER.slice(at, at + piece) }));
        send(chunk({}, 'stop'));
        res.end(DONE);
      });
      stack = await startStack({ OPENAI_BASE_URL: `${fake.origin}/v1`, OUTPUT_GUARD: guard });
    });
    after(async () => {
      await stack.stop();
      await fake.stop();
    });

    /** Returns the stored answer, which is also what a live client and one that comes later see, and all that was sent. */
    const answered = async () => {
      const user = await buildUser();
      const device = await connectDevice(stack.web[0] ?? '', user.access);
      const { body } = await stack.post('/chat/send', { content: 'Show me a chart' }, user.access);
      const id = Number(body.run_id);
      await device.ended(id);
      const kept = await row<{ content: string }>(
        'SELECT m.content FROM runs r JOIN messages m ON m.id = r.reply_id WHERE r.id = :id',
        { id },
      );
      const content = kept?.content ?? '';
      expectShownIs(device, id, content);
      const { body: listed } = await stack.get(
        `/conversations/${body.conversation_id}/messages`,
        user.access,
      );
      expect(JSON.stringify(listed)).to.contain(JSON.stringify(content).slice(1, -1));
      device.close();
      return { content, sent: JSON.stringify(device.events) };
    };

    if (guard === 'on') {
      for (const size of [1, 7, 1_000])
        it(`is gone from what is shown and stored, in deltas of ${size} characters`, async () => {
          piece = size;
          const { content, sent } = await answered();
          for (const part of LEFT) expect(content).to.contain(part);
          expect(loadedBy(content)).to.deep.equal([]);
          for (const text of [content, sent]) expect(text).not.to.match(/onclick|<script|secret|i\.png/);
        });
    } else {
      it('is stored as it is, and the pages show none of it', async () => {
        const { content } = await answered();
        expect(content).to.equal(ANSWER);
        expect(loadedBy(content)).to.include.members(['image', 'html']);
      });
    }
  });
}
