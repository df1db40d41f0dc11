import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { up } from '../../db/migrations/156_families_of_sessions.ts';
import { familyOf } from '../../shared/accounts/family.ts';
import { buildUser } from '../support/factories.ts';

const mozilla = (rest: string) => `Mozilla/5.0 ${rest}`;
const AGENTS = [
  mozilla('(X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'),
  mozilla('(Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36'),
  mozilla('(Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36 Edg/156.0.1'),
  mozilla('(Linux; Android 16) AppleWebKit/537.36 Chrome/156.0 Mobile Safari/537.36 EdgA/156.0'),
  mozilla('(Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/156.0 Safari/537.36 OPR/120.0'),
  mozilla('(Linux; Android 16; SM-S931B) SamsungBrowser/29.0 Chrome/136.0 Mobile Safari/537.36'),
  mozilla('(iPhone; CPU iPhone OS 26_1 like Mac OS X) Version/26.1 Mobile/15E148 Safari/604.1'),
  mozilla('(iPad; CPU OS 26_1 like Mac OS X) FxiOS/145.0 Mobile/15E148 Safari/605.1.15'),
  mozilla('(X11; CrOS x86_64 14541.0.0) Chrome/156.0.0.0 Safari/537.36'),
  mozilla('(Macintosh; Intel Mac OS X 10_15_7) Something'),
  mozilla('(compatible)'),
  'curl/8.5.0',
  'node',
  'Firefox on Linux',
  'Samsung Internet on Android',
  'python-requests/2.32 (me@example.com; tel +49 30 123)',
  'Dalvik/2.1.0 (Linux; U; Android 16',
  `${'long name '.repeat(9)}/1`,
  '1.2.3',
  '',
  null,
];

describe('user agents of sign-ins from before', () => {
  it('become the family that new sign-ins keep, and a second run changes none', async () => {
    const user = await buildUser();
    const rows = AGENTS.map((user_agent) => ({ user_id: user.id, user_agent, expires_at: new Date() }));
    const ids: { id: number }[] = await knex('sessions').insert(rows).returning('id');
    const kept = async () => {
      const found = await knex('sessions')
        .whereIn(
          'id',
          ids.map(({ id }) => id),
        )
        .orderBy('id');
      return found.map(({ user_agent }: { user_agent: string | null }) => user_agent);
    };
    await up(knex);
    expect(await kept()).to.deep.equal(AGENTS.map(familyOf));
    await up(knex);
    expect(await kept()).to.deep.equal(AGENTS.map(familyOf));
  });
});
