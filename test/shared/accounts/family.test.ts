import { expect } from 'chai';
import { familyOf } from '../../../shared/accounts/family.ts';

describe('the family of a user agent', () => {
  const families: [string, string | null][] = [
    ['Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0', 'Firefox on Linux'],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
      'Chrome on Windows',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.1',
      'Edge on Windows',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1',
      'Safari on iOS',
    ],
    [
      'Mozilla/5.0 (Linux; Android 16; Pixel 9 Pro Build/BP1A.250305) AppleWebKit/537.36 Chrome/156.0 Mobile Safari/537.36',
      'Chrome on Android',
    ],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Something', 'Browser on macOS'],
    ['curl/8.5.0', 'curl'],
    ['node', 'node'],
    ['Firefox on a train', 'Firefox on a train'],
    ['python-requests/2.32 (me@example.com; tel +49 30 123)', 'python-requests'],
    ['1.2.3', null],
    ['', null],
  ];
  for (const [sent, family] of families)
    it(`is ${family} for ${sent.slice(0, 60)}`, () => expect(familyOf(sent)).to.equal(family));

  it('is short and quick for any text', () => {
    for (const long of ['('.repeat(300), '/'.repeat(300), `Mozilla/${'Version/'.repeat(40)}`])
      expect((familyOf(long) ?? '').length).to.be.at.most(60);
    expect(familyOf(null)).to.equal(null);
  });
});
