/** `npm run replay`: see USAGE. */
import { parseArgs } from 'node:util';
import { command } from './services/command.ts';

const USAGE = `npm run replay -- --from DATE [--to DATE] [--sample N] [--assistant-version N] [--model NAME] [--budget TOKENS]

Asks the questions of a sample of completed runs of DATABASE_URL again and prints how the answers differ. Stores
nothing and shows nobody anything. Sends texts to the model of the environment, where their users still consent.

--from, --to         dates or times of UTC, --to exclusive; left out: the last thirty days
--sample             how many runs; left out: 100. The same window gives the same sample
--assistant-version  a version of each run's assistant; left out: the run's own
--model              one of CHAT_MODEL and CHAT_MODEL_FALLBACK; left out: the version's own
--budget             stops before the tokens exceed it; left out: 200000`;

await command('replay', main);

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      from: text,
      to: text,
      sample: text,
      'assistant-version': text,
      model: text,
      budget: text,
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return console.log(USAGE);
  const number = (name: 'sample' | 'assistant-version' | 'budget', fallback: number | null, most: number) => {
    const given = values[name];
    if (given === undefined) return fallback;
    if (!/^\d{1,9}$/.test(given) || Number(given) < 1 || Number(given) > most)
      throw new Error(`--${name} must be a number from 1 to ${most}`);
    return Number(given);
  };
  const sample = number('sample', 100, 10_000) ?? 100;
  const budget = number('budget', 200_000, 999_999_999) ?? 200_000;
  const asked = {
    assistant_version: number('assistant-version', null, 1_000_000),
    model: values.model ?? null,
  };
  const { requireEnv } = await import('../shared/base/env.ts');
  const { requireModels } = await import('../shared/provider/config.ts');
  requireEnv('DATABASE_URL');
  requireModels();
  const { stop } = await import('../shared/base/stop.ts');
  try {
    const { windowOf } = await import('../shared/analytics/window.ts');
    const { compare } = await import('../shared/replays/compare.ts');
    const found = await compare(await windowOf(values, 'UTC'), { sample, budget, asked });
    console.table(found.lines);
    console.log(
      `replay: ${found.replayed} of ${found.sampled} runs; ${found.failed} failed, ${found.left} left for want of budget; ` +
        `the same sources in ${found.same_sources}`,
    );
  } finally {
    await stop();
  }
}
