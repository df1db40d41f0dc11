import { expect } from 'chai';
import { consentVersion } from '../../db/models/consent.ts';
import { CONSENT_VERSION } from '../../shared/privacy/consentVersion.ts';
import { textsOf } from '../../shared/privacy/consentTexts.ts';
import { servedApi } from '../support/api.ts';
import { buildUser } from '../support/factories.ts';

describe('privacy', () => {
  const api = servedApi();
  const list = async (path: string, token: string) =>
    (await api.call('GET', path, undefined, { token })).body.data as Record<string, unknown>[];

  it('keeps what was consented to and withdrawn, with the version of the texts, for its owner', async () => {
    const guest = await api.call('POST', '/auth/guest', {
      gdpr_consent: true,
      data_processing_consent: true,
    });
    const token = String(guest.body.access_token);
    for (const given of [false, false, true])
      await api.call('PATCH', '/users/me', { data_processing_consent: given }, { token });
    const said = await list('/users/me/consents', token);
    expect(said.map(({ kind, given }) => [kind, given])).to.deep.equal([
      ['data_processing', true],
      ['data_processing', false],
      ['data_processing', true],
      ['gdpr', true],
    ]);
    expect(said[0]?.version).to.equal(await consentVersion());
    const other = await list('/users/me/consents', (await buildUser()).access);
    expect(other.map(({ id }) => id)).to.not.include.members(said.map(({ id }) => id));
  });

  it('keeps the family of the program by which consent was given, and nothing more of the program', async () => {
    const headers = {
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
    };
    const guest = await api.call('POST', '/auth/guest', { gdpr_consent: true }, { headers });
    const token = String(guest.body.access_token);
    await api.call(
      'PATCH',
      '/users/me',
      { data_processing_consent: true },
      { token, headers: { 'user-agent': 'curl/8' } },
    );
    const said = await list('/users/me/consents', token);
    expect(said.map(({ kind, client }) => [kind, client])).to.deep.equal([
      ['data_processing', 'curl'],
      ['gdpr', 'Firefox on Linux'],
    ]);
    const [session] = await list('/users/me/sessions', token);
    expect(session?.user_agent).to.equal('Firefox on Linux');
  });

  it('names the version of the text whose consent is missing', async () => {
    expect(await consentVersion()).to.equal(CONSENT_VERSION);
    const user = await buildUser({ data_processing_consent: false });
    const { body } = await api.call('POST', '/chat/send', { content: 'Hi' }, { token: user.access });
    expect(body).to.deep.include({
      code: 'consent_required',
      consent: { kind: 'data_processing', version: CONSENT_VERSION },
    });
    expect(body.detail).to.include(CONSENT_VERSION);
  });

  it('shows the texts in force, in English where a language has none', async () => {
    const asked = async (language: string) => (await api.call('GET', `/consents?language=${language}`)).body;
    expect(await asked('de-AT')).to.include({ language: 'de' });
    expect(await asked('ja')).to.include({ language: 'en', version: await consentVersion() });
    for (const texts of Object.values(textsOf(await consentVersion())))
      expect(Object.keys(texts)).to.deep.equal(['gdpr', 'data_processing', 'marketing']);
  });

  it('tells a user who read what of theirs, and nobody else', async () => {
    const [admin, user, other] = [await buildUser({ role: 'admin' }), await buildUser(), await buildUser()];
    await api.call('GET', `/users/${user.id}`, undefined, { token: admin.access });
    await api.call('PATCH', '/users/me', { language: 'fr' }, { token: user.access });
    const read = await list('/users/me/access-log', user.access);
    expect(read).to.have.length(1);
    expect(read[0]).to.deep.include({
      action: 'user.viewed',
      person: { id: admin.id, name: admin.username, role: 'admin' },
    });
    expect(await list('/users/me/access-log', other.access)).to.deep.equal([]);
  });
});
