import { expect } from 'chai';
import { retryAfterOf } from '../../shared/ops/retryAfter.ts';

describe('Retry-After', () => {
  const NOW = Date.parse('2026-11-26T12:00:00Z');
  const read = (status: number, header?: string) => retryAfterOf(status, header, 3_600, NOW);

  it('is read as seconds or as a date, and is an hour at most', () => {
    expect(read(429, '30')).to.equal(30);
    expect(read(503, 'Thu, 26 Nov 2026 12:01:00 GMT')).to.equal(60);
    expect(read(429, '999999999')).to.equal(3_600);
  });

  it('counts for no other status, and not when it says nothing or the past', () => {
    for (const status of [200, 410, 500]) expect(read(status, '30'), String(status)).to.equal(null);
    for (const header of [undefined, '', '0', '-5', 'soon', '1e3', 'Thu, 26 Nov 2026 11:00:00 GMT'])
      expect(read(429, header), header).to.equal(null);
  });
});
