import { allProviders, type Provider } from './config.ts';

/** Shorter ones are words, such as `none`, for servers that want any. */
const SHORTEST = 8;

/**
 * Returns a text without the keys of providers, and without what their headers and queries hold: a provider may repeat what it
 * refuses.
 */
export function withoutKeys(text: string, providers: readonly Sent[] = allProviders()): string {
  return providers
    .flatMap(({ key, headers, query }) => [key, ...Object.values(headers), ...Object.values(query)])
    .filter((secret) => secret.length >= SHORTEST)
    .reduce((shown, secret) => shown.replaceAll(secret, '…'), text);
}

type Sent = Pick<Provider, 'key' | 'headers' | 'query'>;
