import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import type { Env } from '../../shared/base/env.ts';

const READ = "import('./shared/base/env.ts').then(({ env }) => console.log(JSON.stringify(env)))";

function start(env: Record<string, string>) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', READ], {
    env: { PATH: process.env.PATH, ...env },
    encoding: 'utf8',
  });
  return { status, stderr, env: (status === 0 ? JSON.parse(stdout) : {}) as Partial<Env> };
}

describe('the environment', () => {
  const normal: [name: keyof Env, given: string, taken: unknown][] = [
    ['CORS_ALLOW_ORIGINS', 'https://chat.example.org/', ['https://chat.example.org']],
    [
      'CORS_ALLOW_ORIGINS',
      ' HTTPS://Chat.Example.org:443 , http://localhost:3000/,,http://[::1]:80,https://bücher.de',
      ['https://chat.example.org', 'http://localhost:3000', 'http://[::1]', 'https://xn--bcher-kva.de'],
    ],
    ['CORS_ALLOW_ORIGINS', '*', ['*']],
    [
      'CORS_ALLOW_ORIGINS',
      'capacitor://localhost,tauri://Localhost',
      ['capacitor://localhost', 'tauri://localhost'],
    ],
    ['OPENAI_BASE_URL', 'http://127.0.0.1:11434/v1//', 'http://127.0.0.1:11434/v1'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://localhost:4318/', 'http://localhost:4318'],
    ['PUBLIC_URL', 'https://Example.org/parley/', 'https://example.org/parley'],
    ['PUBLIC_URL', 'https://example.org/', 'https://example.org'],
    ['PUBLIC_URL', '', ''],
    ['OFFICE_HOURS', '', []],
    ['OFFICE_HOURS', 'sat 10:00-14:00', [{ weekday: 6, from: 600, to: 840 }]],
    ['OFFICE_TIMEZONE', 'Europe/Berlin', 'Europe/Berlin'],
    ['PUSH_SERVICES', '', ['*']],
    ['PUSH_SERVICES', 'FCM.googleapis.com, push.apple.com', ['fcm.googleapis.com', 'push.apple.com']],
    ['REDIS_URL', 'rediss://:secret@host:6380/3', 'rediss://:secret@host:6380/3'],
    ['DATABASE_URL', 'postgres:///db?host=/run/postgresql', 'postgres:///db?host=/run/postgresql'],
  ];
  for (const [name, given, taken] of normal) {
    it(`reads ${name}=${given} as ${JSON.stringify(taken)}`, () => {
      expect(start({ [name]: given }).env[name]).to.deep.equal(taken);
    });
  }

  const malformed: [name: keyof Env, given: string][] = [
    ...[
      'chat.example.org',
      'localhost:3000',
      'https://chat.example.org/app',
      'https://chat.example.org?x',
      'https://chat.example.org/#x',
      'https://*.example.org',
      'https://user:secret@example.org',
      'null',
      'http://localhost:3000 https://chat.example.org',
      'https://ok.example.org,//x',
    ].map((given): [keyof Env, string] => ['CORS_ALLOW_ORIGINS', given]),
    ['PUBLIC_URL', 'example.org'],
    ['OFFICE_HOURS', 'Mon-Fri 9-17'],
    ['OFFICE_TIMEZONE', 'Mars/Olympus'],
    ['PUBLIC_URL', 'https://example.org/?a=secret'],
    ['PUBLIC_URL', 'https://user:secret@example.org'],
    ['OPENAI_BASE_URL', 'http://user:secret@example.org/v1'],
    ['OPENAI_BASE_URL', 'localhost:11434/v1'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'grpc://localhost:4317'],
    ['PUSH_SERVICES', '*.notify.windows.com'],
    ['PUSH_SERVICES', 'push.apple.com,https://fcm.googleapis.com'],
    ['PUSH_SERVICES', 'fcm.googleapis.com:443'],
    ['REDIS_URL', 'redis://localhost/secret'],
    ['REDIS_URL', 'localhost:6379'],
    ['REDIS_URL', 'redis://:sec#ret@localhost'],
    ['DATABASE_URL', 'postgres://parley:sec#ret@localhost/parley'],
    ['DATABASE_URL', 'postgres://parley:x@localhost/parley#secret'],
    ['DATABASE_URL', 'mysql://parley:secret@localhost/parley'],
  ];
  for (const [name, given] of malformed) {
    it(`refuses ${name}=${given} in one line with the name and without the value`, () => {
      const { status, stderr } = start({ [name]: given });
      expect(status).to.equal(1);
      expect(stderr).to.match(new RegExp(`^parley: ${name} must be .*\\n$`));
      expect(stderr).to.not.contain('secret');
    });
  }
});
