import { expect } from 'chai';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { type Answer, call } from '../support/api.ts';
import { type Process, startProcfile } from '../support/processes.ts';

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

  it('let a user search so often in a minute, in FAQs and conversations together', async () => {
    const paths = Array.from({ length: 30 }, (_, i) =>
      i % 2 ? `/faqs/search?q=word${i}` : `/conversations?q=word${i}`,
    );
    const answers = await Promise.all(paths.map((path) => get(path)));
    expect(statuses(answers)).to.deep.equal({ served: LIMIT, refused: 10 });
    const refused = answers.find(({ status }) => status === 429)!;
    expect(refused.body.code).to.equal('rate_limited');
    expect(refused.headers.get('ratelimit-policy')).to.contain(`"searches";q=${LIMIT};w=60`);
    expect(Number(refused.headers.get('retry-after'))).to.be.within(1, 60);
    expect((await get('/conversations')).status).to.equal(200);
    expect((await get('/faqs/search?q=word', await buildUser())).status).to.equal(200);
  });

  it('let an address search ten times as often, whoever asks there', async () => {
    const users = await Promise.all(Array.from({ length: 12 }, () => buildUser()));
    const answers = await Promise.all(
      users.flatMap((one) => Array.from({ length: LIMIT }, () => get('/faqs/search?q=a', one, '192.0.2.2'))),
    );
    expect(statuses(answers)).to.deep.equal({ served: 10 * LIMIT, refused: 2 * LIMIT });
  });
});
