import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectNone, type Step } from './step.ts';

const FILES = [
  /^docker-compose\.yml$/,
  /^Dockerfile$/,
  /^deploy\/.*\.ya?ml$/,
  /^\.github\/workflows\/.*\.yml$/,
];
const NAMED = /^\s*(?:- )?image:[ \t]+(?:&\S+ )?(\S+)|^ARG NODE_IMAGE=(\S+)|^FROM ([^$\s]\S+)/gm;

/** Every image that others publish has a tag with a version, or a digest, which deploy/pin.sh writes. */
export const images: Step[] = [
  {
    name: 'images: versions',
    run: async (root) => {
      const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
        (path) => !path.includes('node_modules') && FILES.some((file) => file.test(path)),
      );
      const wrongs = paths.flatMap((path) => {
        const text = readFileSync(join(root, path), 'utf8');
        const stages = [...text.matchAll(/^FROM \S+ AS (\S+)/gm)].map(([, stage]) => stage);
        return [...text.matchAll(NAMED)]
          .map(([, listed, base, from]) => listed ?? base ?? from ?? '')
          .filter((image) => !isOurs(image) && !stages.includes(image) && !isFixed(image))
          .map((image) => `${path}: ${image} names no version and no digest`);
      });
      expectNone(wrongs);
    },
    faults: [
      { file: 'docker-compose.yml', from: 'image: nginx:1.28.0-alpine', to: 'image: nginx:latest' },
      { file: 'docker-compose.yml', from: 'redis:7.4.5-alpine', to: 'redis@sha256:0123' },
      {
        file: 'deploy/kubernetes/components/stores/redis.yaml',
        from: 'redis:7.4.5-alpine',
        to: 'redis:alpine',
      },
      { file: 'Dockerfile', from: 'node:24.21.0-trixie-slim', to: 'node' },
      { file: 'Dockerfile', from: 'FROM runtime AS backup', to: 'FROM debian:stable AS backup' },
      { file: '.github/workflows/nightly.yml', from: 'image: node:24-bookworm', to: 'image: node:latest' },
    ],
  },
];

/** Ours have the release's tag from a variable or a kustomization; `*name` repeats an image. */
function isOurs(image: string): boolean {
  return /^(\$\{PARLEY_IMAGE|parley(-backup)?$|\*)/.test(image);
}

function isFixed(image: string): boolean {
  const [name = '', digest] = image.split('@');
  return digest === undefined ? /:[\w.-]*\d[\w.-]*$/.test(name) : /^sha256:[0-9a-f]{64}$/.test(digest);
}
