import { expect } from 'chai';
import { windowOf } from '../../shared/analytics/window.ts';
import { Problem } from '../../shared/base/errors.ts';

describe('a window of figures that cannot be read', () => {
  const refusals: [asked: Parameters<typeof windowOf>[0], path: string][] = [
    [{ from: 'x' }, '/from'],
    [{ from: '2026-02-30', to: '2026-03-02' }, '/from'],
    [{ from: '2026-02-01', to: 'x' }, '/to'],
    [{ timezone: 'Mars/Olympus' }, '/timezone'],
    [{ from: 'x', timezone: 'Mars/Olympus' }, '/timezone'],
  ];
  for (const [asked, path] of refusals)
    it(`names ${path} of ${JSON.stringify(asked)}`, async () => {
      const refusal = await windowOf(asked, 'UTC').catch((err: unknown) => err);
      expect(refusal).to.be.instanceOf(Problem);
      expect((refusal as Problem).errors?.map((one) => one.path)).to.deep.equal([path]);
    });
});
