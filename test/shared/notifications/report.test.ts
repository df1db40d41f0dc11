import { expect } from 'chai';
import { reportIn } from '../../../shared/notifications/report.ts';
import { reportOn } from '../../support/maildrop.ts';

describe('a report on a mail', () => {
  const ID = '<0c39d439-300e-4312-8eb0-9db32bb2613a@Chat.example.org>';
  const named = { key: '0c39d439-300e-4312-8eb0-9db32bb2613a', domain: 'chat.example.org', automatic: true };
  const gone = { ...named, refused: '5.1.1', ofAddress: true };

  it('names the mail, and the status of an address that was refused for good', () => {
    expect(reportIn(reportOn(ID))).to.deep.equal(gone);
    const crlf = reportOn(ID).replaceAll('\n', '\r\n');
    expect(reportIn(crlf)).to.deep.equal(gone);
    const heads = reportOn(ID)
      .replace('message/rfc822', 'text/rfc822-headers')
      .replace('"=_report"', '=_report');
    expect(reportIn(heads)).to.deep.equal(gone);
  });

  it('says nothing of an address whose server was not reached, or where the mail is only late', () => {
    for (const said of [{ action: 'delayed' }, { status: '4.4.7' }, { action: 'relayed', status: '2.0.0' }])
      expect(reportIn(reportOn(ID, said))).to.deep.equal({
        ...named,
        refused: null,
        ofAddress: false,
      });
  });

  it('says whether the status is about the address', () => {
    const said = (status: string) => {
      const { refused, ofAddress } = reportIn(reportOn(ID, { status })) ?? {};
      expect(refused).to.equal(status);
      return ofAddress;
    };
    const isOf = (statuses: string, expected: boolean) => {
      for (const status of statuses.split(' ')) expect(said(status), status).to.equal(expected);
    };
    isOf('5.1.0 5.1.1 5.1.2 5.1.3 5.1.6 5.1.10 5.2.1', true);
    // Our own address, a full mailbox, a large mail, routing, policy.
    isOf('5.1.7 5.1.8 5.1.100 5.2.0 5.2.2 5.2.3 5.3.4 5.4.4 5.5.0 5.7.1 5.7.26', false);
  });

  it('that names no status takes the one of the receiving server', () => {
    const said = (answer: string) => {
      const mail = reportOn(ID, { status: '5.0.0' }).replace('smtp; 550 no such user', answer);
      const { refused, ofAddress } = reportIn(mail) ?? {};
      return [refused, ofAddress];
    };
    expect(said('smtp; 550 5.1.1 <ann@example.org> unknown')).to.deep.equal(['5.1.1', true]);
    expect(said('smtp; 550-5.7.1 blocked')).to.deep.equal(['5.7.1', false]);
    expect(said('smtp; 550 no such user')).to.deep.equal(['5.0.0', true]);
    expect(said('smtp; 550 message looks like spam')).to.deep.equal(['5.0.0', false]);
    expect(said('smtp; 552 mailbox full')).to.deep.equal(['5.0.0', false]);
    expect(said('X-Unix; 550')).to.deep.equal(['5.0.0', false]);
  });

  it('says whether a person sent the mail', () => {
    expect(reportIn(reportOn(ID, { automatic: false }))).to.deep.equal({ ...gone, automatic: false });
  });

  it('is not found in any other mail', () => {
    for (const mail of [
      '',
      'Subject: hello\n\nbody',
      `Content-Type: text/plain\n\n${reportOn(ID)}`,
      reportOn(ID).replace('multipart/report', 'multipart/mixed'),
      reportOn(ID).replace('message/rfc822', 'text/plain'),
      reportOn(ID).replace('message/delivery-status', 'text/plain'),
      reportOn('nothing'),
      reportOn('<a@b> <c@d>'),
      // Postgres would refuse it, and each time the mailbox is read again.
      reportOn('<a\0b@chat.example.org>'),
      reportOn('<ä@chat.example.org>'),
      reportOn(ID).replace(/boundary=.*/, ''),
    ])
      expect(reportIn(mail), mail).to.equal(undefined);
  });
});
