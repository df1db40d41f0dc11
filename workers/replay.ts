import { answerReplay } from '../shared/replays/replay.ts';
import type { Handler } from './work.ts';

/** Asks a run's question again, for administrators alone. */
export const replay: Handler<'replay'> = ({ data: { replay_id } }) => answerReplay(replay_id);
