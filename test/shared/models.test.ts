import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import {
  chatModels,
  configure,
  embeddingModel,
  modelNamed,
  moderationModel,
  promptBudget,
  providerOf,
  unknownProviders,
} from '../../shared/provider/config.ts';

const within = <T>(environment: Record<string, string>, look: () => T): T => {
  const before = { ...process.env };
  Object.assign(process.env, environment);
  configure();
  try {
    return look();
  } finally {
    for (const name of Object.keys(environment)) delete process.env[name];
    Object.assign(process.env, before);
    configure();
  }
};
const LOCAL = { PROVIDERS: 'local', PROVIDER_LOCAL_URL: 'http://127.0.0.1:11434/v1' };

describe('the models of the environment', () => {
  it('are OpenAI’s, asked in OpenAI’s way, where nothing is set', () => {
    expect(chatModels()).to.deep.equal([{ provider: 'openai', model: 'gpt-4.1-mini', name: 'gpt-4.1-mini' }]);
    expect(embeddingModel()).to.deep.include({
      name: 'text-embedding-3-small',
      dimensions: null,
      batch: 256,
      textTokens: 8_000,
    });
    expect(moderationModel()).to.deep.include({ name: 'omni-moderation-latest', by: 'moderations' });
    expect(providerOf({ provider: 'openai', model: 'gpt-4.1-mini' }).settings).to.include({
      maxTokens: 'max_completion_tokens',
      temperature: 'send',
      usage: 'on',
      systemRole: 'system',
      structured: 'json_schema',
      strictTurns: false,
    });
  });

  it('have a prefix only where it names a provider', () => {
    const environment = {
      ...LOCAL,
      CHAT_MODEL: 'local/llama3.2',
      CHAT_MODEL_FALLBACK: 'openai/gpt-5-mini, meta-llama/x,local/llama3.2',
    };
    const names = within(environment, () => chatModels().map(({ provider, name }) => `${provider} ${name}`));
    expect(names).to.deep.equal(['local local/llama3.2', 'openai gpt-5-mini', 'openai meta-llama/x']);
    const routed = within({ OPENAI_BASE_URL: 'https://openrouter.ai/api/v1' }, () =>
      modelNamed('openai/gpt-4o'),
    );
    expect(routed).to.deep.equal({ provider: 'openai', model: 'openai/gpt-4o', name: 'openai/gpt-4o' });
  });

  it('are reported where they name a provider that PROVIDERS lacks, and not where names have slashes', () => {
    const lines = (environment: Record<string, string>) => within(environment, unknownProviders);
    const said = 'PROVIDERS names no provider "claude": openai is asked for the model "claude/sonnet"';
    expect(lines({ CHAT_MODEL: 'claude/sonnet', CHAT_MODEL_FALLBACK: 'gpt-4.1-mini' })).to.deep.equal([said]);
    expect(lines({ ...LOCAL, CHAT_MODEL: 'local/x', QUERY_MODEL: 'claude/sonnet' })).to.deep.equal([said]);
    expect(lines({ ...LOCAL, CHAT_MODEL: 'local/meta-llama/x' })).to.deep.equal([]);
    expect(
      lines({ OPENAI_BASE_URL: 'https://openrouter.ai/api/v1', CHAT_MODEL: 'meta-llama/x' }),
    ).to.deep.equal([]);
    expect(lines({})).to.deep.equal([]);
  });

  it('have the kind that their host implies, unless the environment names one', () => {
    const kind = (more = {}) =>
      within({ ...LOCAL, ...more }, () => providerOf({ provider: 'local', model: 'm' }).kind);
    expect(kind()).to.equal('ollama');
    expect(kind({ PROVIDER_LOCAL_URL: 'https://api.mistral.ai/v1' })).to.equal('mistral');
    expect(kind({ PROVIDER_LOCAL_URL: 'https://me.openai.azure.com/openai/deployments/x' })).to.equal(
      'azure',
    );
    expect(kind({ PROVIDER_LOCAL_URL: 'http://10.0.0.1/v1' })).to.equal('generic');
    expect(kind({ PROVIDER_LOCAL_KIND: 'vllm' })).to.equal('vllm');
  });

  it('get more time for the first byte where a server loads them first, or where they reason', () => {
    const firstByte = (provider: string, model: string) =>
      within(LOCAL, () => providerOf({ provider, model }).settings.firstByteMs);
    expect(firstByte('openai', 'gpt-4.1-mini')).to.equal(120_000);
    expect(firstByte('local', 'llama3.2')).to.equal(300_000);
    expect(firstByte('openai', 'gpt-5-mini')).to.equal(600_000);
    expect(firstByte('local', 'deepseek-r1:8b')).to.equal(600_000);
  });

  it('limit the prompt to the context that is set for their provider', () => {
    const environment = { ...LOCAL, CHAT_MODEL: 'local/x', PROVIDER_LOCAL_CONTEXT_TOKENS: '4096' };
    expect(within(environment, promptBudget)).to.equal(3_096);
    expect(promptBudget()).to.equal(6_000);
  });

  const refused: [Record<string, string>, string][] = [
    [
      { MODERATION_MODEL: 'off', OUTPUT_GUARD: 'on' },
      'OUTPUT_GUARD=on needs a MODERATION_MODEL other than off',
    ],
    [{ PROVIDERS: 'local' }, 'PROVIDER_LOCAL_URL is not set'],
    [{ PROVIDERS: 'm', PROVIDER_M_KIND: 'mistral' }, 'PROVIDER_M_KEY is not set'],
    [{ ...LOCAL, PROVIDER_LOCAL_KIND: 'llama' }, 'PROVIDER_LOCAL_KIND must be one of openai, azure'],
    [
      { ...LOCAL, PROVIDER_LOCAL_HEADERS: '{"a":1}' },
      'PROVIDER_LOCAL_HEADERS must be a JSON object of strings',
    ],
    [{ PROVIDERS: 'Not a name' }, 'PROVIDERS must be a list of names'],
    [{ OPENAI_BASE_URL: '', OPENAI_API_KEY: '' }, 'OPENAI_API_KEY is not set'],
  ];
  it('stop the process, with one line that names the variable, where a setting is wrong', function () {
    this.timeout(60_000);
    for (const [environment, line] of refused) {
      const script = "import('./shared/provider/config.ts').then((c) => c.requireModels())";
      const ended = spawnSync(process.execPath, ['-e', script], {
        env: { ...process.env, ...environment },
        encoding: 'utf8',
      });
      expect(ended.status, line).to.equal(1);
      expect(ended.stderr)
        .to.match(/^parley: [^\n]*\n$/)
        .and.contain(line);
    }
  });
});
