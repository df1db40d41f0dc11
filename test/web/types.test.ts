import { expect } from 'chai';
import { served } from '../../api/routes.ts';
import { serverEvents } from '../../api/sockets/contract.ts';
import type { RunEvent as ServerEvent } from '../../shared/delivery/runEvents.ts';
import { firstSeq as serverFirstSeq } from '../../shared/delivery/runEvents.ts';
import { RUN_EVENTS, type RunEvent } from '../../web/sdk/events.ts';
import { firstSeq } from '../../web/sdk/view.ts';

/** Compiles only where the server sends what the client reads. */
function fits<Wanted>() {
  return <_ extends Wanted>(): void => {};
}
fits<RunEvent>()<ServerEvent>();

describe('the types of the client', () => {
  it('name every event of a run that the server sends', () => {
    const ofRuns = Object.keys(serverEvents).filter((name) => /^(run\.|response)/.test(name));
    expect(RUN_EVENTS).to.have.members(ofRuns);
  });

  it('count attempts as the server does', () => {
    for (const attempt of [1, 2, 3, 40]) expect(firstSeq(attempt)).to.equal(serverFirstSeq(attempt));
  });

  it('belong to routes that are served', () => {
    const keys = served.flatMap(({ routes }) => routes.map(({ key }) => key));
    expect(keys).to.include.members(['POST /api/v1/auth/refresh', 'GET /api/v1/runs/:id/events']);
  });
});
