import { expect } from 'chai';
import { MailError } from '../../../shared/notifications/transport.ts';

describe('a mail that was not taken', () => {
  it('names its cause in words where they are known, and by its code elsewhere', () => {
    expect(new MailError('EAUTH', false, false).why).to.equal('wrong user or password (EAUTH)');
    expect(new MailError('ESOCKET', false, false).why).to.match(/^nothing answers there.* \(ESOCKET\)$/);
    expect(new MailError('451', false, false).why).to.equal('451');
  });
});
