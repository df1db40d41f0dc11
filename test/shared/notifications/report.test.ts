import { expect } from 'chai';
import { reportIn } from '../../../shared/notifications/report.ts';
import { reportOn } from '../../support/maildrop.ts';

describe('a report on a mail', () => {
  const ID = '<0c39d439-300e-4312-8eb0-9db32bb2613a@Chat.example.org>';
  const named = { key: '0c39d439-300e-4312-8eb0-9db32bb2613a', domain: 'chat.example.org', automatic: true };

  it('names the mail, and the status of an address that was refused for good', () => {
    expect(reportIn(reportOn(ID))).to.deep.equal({ ...named, refused: '5.1.1' });
    const crlf = reportOn(ID).replaceAll('\n', '\r\n');
    expect(reportIn(crlf)).to.deep.equal({ ...named, refused: '5.1.1' });
    const heads = reportOn(ID)
      .replace('message/rfc822', 'text/rfc822-headers')
      .replace('"=_report"', '=_report');
    expect(reportIn(heads)).to.deep.equal({ ...named, refused: '5.1.1' });
  });

  it('says nothing of an address whose server was not reached, or where the mail is only late', () => {
    for (const said of [{ action: 'delayed' }, { status: '4.4.7' }, { action: 'relayed', status: '2.0.0' }])
      expect(reportIn(reportOn(ID, said))).to.deep.equal({ ...named, refused: null });
  });

  it('says whether a person sent the mail', () => {
    expect(reportIn(reportOn(ID, { automatic: false }))).to.deep.equal({
      ...named,
      automatic: false,
      refused: '5.1.1',
    });
  });

  it('is no other mail', () => {
    for (const mail of [
      '',
      'Subject: hello\n\nbody',
      `Content-Type: text/plain\n\n${reportOn(ID)}`,
      reportOn(ID).replace('multipart/report', 'multipart/mixed'),
      reportOn(ID).replace('message/rfc822', 'text/plain'),
      reportOn(ID).replace('message/delivery-status', 'text/plain'),
      reportOn('nothing'),
      reportOn('<a@b> <c@d>'),
      reportOn(ID).replace(/boundary=.*/, ''),
    ])
      expect(reportIn(mail), mail).to.equal(undefined);
  });
});
