import { expect } from 'chai';
import type { MailedRow } from '../../../db/models/mail.ts';
import { compose, type Item } from '../../../shared/notifications/compose.ts';

describe('a mail', () => {
  const told: MailedRow = {
    id: 1,
    kind: 'email_verification',
    data: {},
    conversation_id: null,
    created_at: new Date('2026-11-26T12:00:00Z'),
    faq_question: null,
    user_agent: null,
    ip: null,
    over: false,
  };
  const item: Item = { ...told, topic: 'email_verification', token: 'T' };
  const mailTo = (name: string | null) =>
    compose({ name, address: 'ann@example.org', language: 'en', timezone: 'UTC' }, [item], undefined);
  const greetingIn = (name: string | null) => mailTo(name).text.split('\n')[0];

  it('greets by name', () => {
    for (const name of ['Ann', 'Zoë Müller-Lüdenscheidt', 'J.R.R. Tolkien', 'St. John', "O'Neill", '李雷'])
      expect(greetingIn(name)).to.contain(name);
  });

  it('holds no text that a stranger chose as the name of an account', () => {
    const unnamed = mailTo(null);
    for (const name of [
      'visit http://evil.example/now',
      'call evil.example',
      'www.evil.example',
      'mail me@evil.example',
      '//evil',
      '203.0.113.9',
      '<b>Ann</b>',
      ' ',
    ]) {
      const { text, html } = mailTo(name);
      expect({ text, html }, name).to.deep.equal({ text: unnamed.text, html: unnamed.html });
    }
  });

  it('keeps a name on one line', () => {
    expect(mailTo('Ann\r\n\r\nYour account is closed').text.split('\n')[0]).to.contain(
      'Ann Your account is closed',
    );
  });

  it('says once what two of its news have in common, and counts it once', () => {
    const answer = (id: number, conversation_id: number): Item => ({
      ...told,
      id,
      kind: 'answer_ready',
      topic: 'answer_ready',
      token: undefined,
      conversation_id,
    });
    const reader = { name: 'Ann', address: 'ann@example.org', language: 'en', timezone: 'UTC' };
    const mail = (...items: Item[]) => compose(reader, items, undefined);
    const both = mail(answer(1, 7), answer(2, 7), answer(3, 8));
    expect(both.subject).to.match(/^2 /);
    expect(both.text.match(/\/c\/7$/gm)).to.have.length(1);
    expect(mail(answer(1, 7), answer(2, 7))).to.deep.equal(mail(answer(1, 7)));
  });

  it('names a device in the language of its reader, and no more of what a stranger sent', () => {
    const signIn = (user_agent: string | null): Item => ({
      ...told,
      kind: 'new_sign_in',
      topic: 'new_sign_in',
      token: undefined,
      user_agent,
    });
    const nameIn = (language: string, agent: string | null) => {
      const reader = { name: 'Ann', address: 'ann@example.org', language, timezone: 'UTC' };
      return compose(reader, [signIn(agent)], undefined).text;
    };
    expect(nameIn('en', 'Firefox on Linux')).to.include('Firefox on Linux');
    expect(nameIn('de', 'Firefox on Linux')).to.include('Firefox unter Linux');
    const whole = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';
    expect(nameIn('de', whole)).to.include('Firefox unter Linux').and.not.include('Mozilla');
    for (const agent of [null, '', '(only brackets)', '<>'])
      expect(nameIn('de', agent), String(agent)).to.include('ein unbekanntes Gerät');
    const hostile = nameIn('en', 'curl {address} <a href="x">\r\nhttp://evil.example/now');
    expect(hostile)
      .to.include('curl')
      .and.not.match(/evil|<a|\{/);
  });

  it('has colours for dark devices', () => {
    const { html } = mailTo('Ann');
    expect(html).to.include('<meta name="color-scheme" content="light dark">');
    expect(html).to.match(/@media \(prefers-color-scheme:dark\)\{body\{background:#1a1a1a!important/);
  });
});
