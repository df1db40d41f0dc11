import { agentIds, type LiveCounts, liveCounts } from '../../db/models/analytics/live.ts';
import { howManyAreThere } from '../delivery/presence.ts';

export type Live = LiveCounts & {
  /** null while Redis is away. */
  agents_online: number | null;
};

/** Returns what is under way at this moment. */
export async function liveFigures(): Promise<Live> {
  const [counts, agents_online] = await Promise.all([
    liveCounts(),
    agentIds()
      .then(howManyAreThere)
      .catch(() => null),
  ]);
  return { ...counts, agents_online };
}
