/** Floor of a slow provider: only the SDK's calls of embedding, then model. {count, content} → {firsts}, ms each. */
import OpenAI from 'openai';

const openai = new OpenAI({ maxRetries: 0 });
process.on('disconnect', () => process.exit());
process.on('message', async ({ count, content }: { count: number; content: string }) => {
  const firsts: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const began = performance.now();
    const model = 'bench';
    await openai.embeddings.create({ model, input: [content], encoding_format: 'float' });
    const messages = [{ role: 'user' as const, content }];
    let first = 0;
    for await (const _ of await openai.chat.completions.create({ model, messages, stream: true }))
      first ||= performance.now() - began;
    firsts.push(first);
  }
  process.send?.({ firsts });
});
process.send?.({ port: 0 });
