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
});
