/** Floor of throughput: only the openai SDK's calls of a message. {count, content, width} → {ms, firstToken}. */
import OpenAI from 'openai';

const openai = new OpenAI({ maxRetries: 0 });
process.on('disconnect', () => process.exit());
process.on(
  'message',
  async ({ count, content, width }: { count: number; content: string; width: number }) => {
    const began = performance.now();
    let next = 0;
    let firstToken = 0;
    await Promise.all(
      Array.from({ length: width }, async () => {
        while (next < count) {
          next += 1;
          const model = 'bench';
          await Promise.all([
            openai.moderations.create({ model, input: content }),
            openai.embeddings.create({ model, input: [content], encoding_format: 'float' }),
          ]);
          const asked = performance.now();
          const messages = [{ role: 'user' as const, content }];
          let seen = false;
          for await (const _ of await openai.chat.completions.create({ model, messages, stream: true })) {
            if (!seen) firstToken = performance.now() - asked;
            seen = true;
          }
        }
      }),
    );
    process.send?.({ ms: performance.now() - began, firstToken });
  },
);
process.send?.({ port: 0 });
