import { expect } from 'chai';
import { redis } from '../../shared/delivery/redis.ts';
import { networkKey } from '../../shared/limits/charge.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { type Answer, call } from '../support/api.ts';
import { type Process, startProcfile } from '../../lab/kit/processes.ts';

const LIMIT = 20;

describe('limits of searching', () => {
  let web: Process;
  let user: BuiltUser;
  before(async () => {
    web = await startProcfile('web', { SEARCHES_PER_MINUTE: String(LIMIT), TRUST_PROXY: '1' });
  });
  beforeEach(async () => {
    user = await buildUser();
  });
  after(() => web.stop());

  const get = (path: string, as = user, ip = '192.0.2.1'): Promise<Answer> =>
    call(`${web.url}/api/v1${path}`, 'GET', undefined, {
      token: as.access,
      headers: { 'x-forwarded-for': ip },
    });
  const statuses = (answers: Answer[]) => {
    const count = (status: number) => answers.filter((answer) => answer.status === status).length;
    return { served: count(200), refused: count(429) };
  };

  it('count the searches of a user in FAQs and conversations together', async () => {
    const paths = Array.from({ length: 30 }, (_, i) =>
      i % 2 ? `/faqs/search?q=word${i}` : `/conversations?q=word${i}`,
    );
    // One by one: each replica would count a burst on a busy machine in memory for a while.
    const answers: Answer[] = [];
    for (const path of paths) answers.push(await get(path));
    expect(statuses(answers)).to.deep.equal({ served: LIMIT, refused: 10 });
    const refused = answers.find(({ status }) => status === 429)!;
    expect(refused.body.code).to.equal('rate_limited');
    expect(refused.headers.get('ratelimit-policy')).to.contain(`"searches";q=${LIMIT};w=60`);
    expect(Number(refused.headers.get('retry-after'))).to.be.within(1, 60);
    expect((await get('/conversations')).status).to.equal(200);
    expect((await get('/faqs/search?q=word', await buildUser())).status).to.equal(200);
  });

  it('allow an address ten times as many searches, for all users together', async () => {
    expect((await get('/faqs/search?q=a', user, '192.0.2.2')).status).to.equal(200);
    // As if 198 more had followed.
    const key = `limit:search:address:${networkKey('192.0.2.2')}`;
    const [, ends] = ((await redis.get(key)) ?? '').split(':');
    await redis.set(key, `${10 * LIMIT - 1}:${ends}`);
    const answers = [];
    for (let i = 0; i < 2; i += 1)
      answers.push(await get('/faqs/search?q=a', await buildUser(), '192.0.2.2'));
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 429]);
    expect((await get('/faqs/search?q=a', user, '192.0.2.3')).status).to.equal(200);
  });
});
