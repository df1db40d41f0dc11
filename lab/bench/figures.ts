import { accept } from './figures/accept.ts';
import { context } from './figures/context.ts';
import { deltas } from './figures/deltas.ts';
import { durability } from './figures/durability.ts';
import { exportMemory } from './figures/exports.ts';
import { guard } from './figures/guard.ts';
import { life } from './figures/life.ts';
import { overhead } from './figures/overhead.ts';
import { owed } from './figures/owed.ts';
import { retention } from './figures/retention.ts';
import { search } from './figures/search.ts';
import { slow } from './figures/slow.ts';
import { sockets } from './figures/sockets.ts';
import { stages } from './figures/stages.ts';
import { throughput } from './figures/throughput.ts';
import type { Measured } from './report.ts';
import type { Ground } from '../kit/ground.ts';

/** A measurement. `prepare` starts its processes and returns the function that runs one round. */
export type Figure = {
  name: string;
  /** Measured only when named, because it takes long. */
  named?: true;
  prepare: (ground: Ground) => Promise<(round: number) => Promise<Measured[]>>;
};

export const figures: Figure[] = [
  { name: 'accept', prepare: accept },
  { name: 'overhead', prepare: overhead },
  { name: 'throughput', prepare: throughput },
  { name: 'durability', prepare: durability },
  { name: 'deltas', prepare: deltas },
  { name: 'sockets', prepare: sockets },
  { name: 'context', prepare: context },
  { name: 'life', named: true, prepare: life },
  { name: 'guard', named: true, prepare: guard },
  { name: 'slow', named: true, prepare: slow },
  { name: 'search', named: true, prepare: search },
  { name: 'stages', named: true, prepare: stages },
  { name: 'owed', named: true, prepare: owed },
  { name: 'retention', named: true, prepare: retention },
  { name: 'exports', named: true, prepare: exportMemory },
];
