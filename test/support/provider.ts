import { type Provider, startProvider as start } from '../../lab/kit/provider.ts';

export { hashOf, type Provider } from '../../lab/kit/provider.ts';

/**
 * Starts the stand-in for the model in this process, at full speed, at OPENAI_BASE_URL. `npm test` chose that
 * port, because workers in this process have already read it.
 */
export function startProvider(): Promise<Provider> {
  return start({
    chunkMs: Number(process.env.STANDIN_CHUNK_MS ?? 0),
    port: Number(URL.parse(process.env.OPENAI_BASE_URL ?? '')?.port ?? 0),
  });
}
