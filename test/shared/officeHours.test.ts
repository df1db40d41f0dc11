import { expect } from 'chai';
import { nextOpening, parseHours } from '../../shared/base/officeHours.ts';

describe('office hours', () => {
  const hours = parseHours('Mon-Fri 09:00-17:00, Sat 10:00-14:00') ?? [];
  const next = (now: string, zone = 'UTC', open = hours) =>
    nextOpening(open, zone, new Date(now))?.toISOString() ?? null;

  it('are days and times; anything else is refused', () => {
    expect(hours).to.have.length(6);
    expect(parseHours('')).to.deep.equal([]);
    expect(parseHours('Fri-Mon 00:00-24:00')?.map(({ weekday }) => weekday)).to.deep.equal([5, 6, 0, 1]);
    for (const wrong of [
      'always',
      'Mon 9-17',
      'Mon 17:00-09:00',
      'Mon 09:00-24:30',
      'Xyz 09:00-10:00',
      'Mon-Fri',
      'Mon 09:61-10:00',
    ])
      expect(parseHours(wrong), wrong).to.equal(null);
  });

  it('say nothing within them, or where none are set', () => {
    expect(next('2026-11-26T12:00:00Z')).to.equal(null);
    expect(next('2026-11-26T09:00:00Z')).to.equal(null);
    expect(next('2026-11-29T03:00:00Z', 'UTC', [])).to.equal(null);
  });

  it('say when the next ones begin: later that day, the next day, after the weekend', () => {
    expect(next('2026-11-26T08:59:59Z')).to.equal('2026-11-26T09:00:00.000Z');
    expect(next('2026-11-26T17:00:00Z')).to.equal('2026-11-27T09:00:00.000Z');
    expect(next('2026-11-28T14:30:00Z')).to.equal('2026-11-30T09:00:00.000Z');
    expect(next('2026-11-26T18:00:00Z', 'UTC', parseHours('Thu 09:00-17:00') ?? [])).to.equal(
      '2026-12-03T09:00:00.000Z',
    );
  });

  it('are those of their time zone, also on the day on which its clocks change', () => {
    expect(next('2026-11-26T23:30:00Z', 'Asia/Tokyo')).to.equal('2026-11-27T00:00:00.000Z');
    expect(next('2026-11-26T16:30:00Z', 'Europe/Berlin')).to.equal('2026-11-27T08:00:00.000Z');
    // Clocks go forward in the night to 29 March, and back in the night to 25 October.
    const sundays = parseHours('Sun 09:00-12:00') ?? [];
    expect(next('2026-03-28T12:00:00Z', 'Europe/Berlin', sundays)).to.equal('2026-03-29T07:00:00.000Z');
    expect(next('2026-10-24T12:00:00Z', 'Europe/Berlin', sundays)).to.equal('2026-10-25T08:00:00.000Z');
  });
});
