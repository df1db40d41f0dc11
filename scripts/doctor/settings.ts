import { env, inProduction } from '../../shared/base/env.ts';
import { withoutPrice } from '../../shared/limits/budget.ts';
import { chatModels, unknownProviders } from '../../shared/provider/config.ts';
import { type Finding, note, well } from './finding.ts';

/** Looks at settings that processes accept, and that an operator may not mean. */
export async function settings(): Promise<Finding[]> {
  const found: Finding[] = [];
  const hint = (when: boolean, says: string, todo: string) => {
    if (when) found.push(note('settings', says, todo));
  };
  hint(!inProduction, 'NODE_ENV is not production', 'set NODE_ENV=production where people use it');
  hint(
    env.DATA_KEYS.length === 0,
    'secrets of webhooks hang on JWT_SECRET',
    'set DATA_KEYS: docs/operations.md, Keys of secrets',
  );
  hint(
    env.PUBLIC_URL === '',
    'PUBLIC_URL is not set, so links in mails name localhost',
    'set it to the address that users open',
  );
  hint(
    env.PUBLIC_URL.startsWith('http://') && inProduction,
    'PUBLIC_URL is plain HTTP',
    'put a proxy with TLS in front',
  );
  hint(
    env.PUBLIC_URL.startsWith('https://') && env.TRUST_PROXY === 0,
    'TRUST_PROXY is 0, but TLS ends at a proxy: limits count everybody as one address',
    'set TRUST_PROXY to the number of proxies in front',
  );
  hint(
    env.CORS_ALLOW_ORIGINS.includes('*'),
    'every site may call the API',
    'list your sites in CORS_ALLOW_ORIGINS',
  );
  hint(
    env.METRICS_TOKEN === '',
    '/metrics needs no token',
    'let the proxy answer 404 for it, as deploy/nginx does, or set METRICS_TOKEN',
  );
  hint(
    env.WEBHOOK_ALLOW_PRIVATE,
    'webhooks may go to private addresses',
    'unset WEBHOOK_ALLOW_PRIVATE unless you mean it',
  );
  for (const line of unknownProviders())
    hint(true, line, 'add it to PROVIDERS (docs/models.md), or correct the name of the model');
  for (const model of withoutPrice(chatModels().map(({ name }) => name)))
    hint(
      true,
      `answers of ${model} use no budget: MODEL_PRICES has no price of it today`,
      'add its price to the file',
    );
  return [well('settings', 'processes start with them'), ...found];
}
