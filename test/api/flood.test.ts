import { expect } from 'chai';
import { connectDevice } from '../support/device.ts';
import { buildUser } from '../support/factories.ts';
import { send, servedWeb } from '../support/web.ts';

describe('a socket that does not wait for acknowledgements', () => {
  const api = servedWeb();

  it('gets 429 for the excess, answers for the rest, and is served again once it waits', async () => {
    const user = await buildUser();
    const { run_id } = await send(api, user);
    const device = await connectDevice(api.url, user.access);
    const resume = () => device.ask('resume', { run_id, after_seq: 0 });
    const answers = await Promise.all(Array.from({ length: 500 }, resume));
    const refused = answers.filter(({ ok }) => !ok);
    expect(refused.length).to.be.within(1, 468);
    for (const { error } of refused) expect(error).to.include({ status: 429, code: 'rate_limited' });
    expect(await resume()).to.include({ ok: true });
    device.close();
  });
});
