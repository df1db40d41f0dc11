/** What scripts/deploy-check runs once the tools are there. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { compose } from './compose.ts';
import { image } from './image.ts';
import { images } from './images.ts';
import { kubernetes } from './kubernetes.ts';
import { monitoring } from './monitoring.ts';
import { proxies } from './proxies.ts';
import { MissingTool, type Step } from './step.ts';
import { workflows } from './workflows.ts';

const steps: Step[] = [
  ...compose,
  ...proxies,
  ...monitoring,
  ...kubernetes,
  ...workflows,
  ...images,
  ...image,
];
const args = process.argv.slice(2);
const planted = args.includes('--planted');
const asked = args.filter((arg) => !arg.startsWith('--'));
const chosen = steps.filter(({ name }) => asked.length === 0 || asked.some((word) => name.startsWith(word)));
if (chosen.length === 0) throw new Error(`the steps are ${steps.map(({ name }) => name).join(', ')}`);

let failed = 0;
for (const step of chosen) {
  const began = performance.now();
  const problem = planted ? await findsFaults(step) : await problemOf(step, resolve('.'));
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  if (problem === null) console.log(`ok      ${step.name}, ${seconds} s`);
  else if (problem instanceof MissingTool && !process.env.CI)
    console.log(`left out ${step.name}: ${problem.message}`);
  else {
    failed += 1;
    console.log(`FAILED  ${step.name}: ${problem.message}`);
  }
}
console.log(failed === 0 ? `deploy-check: ok, ${chosen.length} steps` : `deploy-check: ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function problemOf(step: Step, root: string): Promise<Error | null> {
  try {
    await step.run(root);
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Plants each of a step's faults into a copy. Returns an error for the first that the step does not find. */
async function findsFaults(step: Step): Promise<Error | null> {
  for (const { file, from, to } of step.faults) {
    const root = mkdtempSync(join(tmpdir(), 'parley-planted-'));
    try {
      for (const part of [
        'deploy',
        '.github',
        'docker-compose.yml',
        'Dockerfile',
        '.dockerignore',
        'package.json',
        'Procfile',
      ])
        cpSync(part, join(root, part), { recursive: true });
      const text = readFileSync(join(root, file), 'utf8');
      if (!text.includes(from)) return new Error(`the fault for ${file} fits no more: ${from}`);
      writeFileSync(join(root, file), text.replace(from, to));
      const problem = await problemOf(step, root);
      if (problem instanceof MissingTool) return problem;
      if (problem === null) return new Error(`did not find the fault in ${file}: ${from} → ${to}`);
    } finally {
      rmSync(root, { recursive: true });
    }
  }
  return null;
}
