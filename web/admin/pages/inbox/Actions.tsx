import { Button } from '../../../shared/controls.tsx';
import { queries } from '../../../shared/queries.ts';
import { useUser } from '../../../shared/session.ts';
import { toast } from '../../../shared/toasts.tsx';
import { reason, reloadExactly, send, useList } from '../../data/api.ts';
import { actsOnMine } from '../../shell/alarm.ts';
import type { Agent, InboxConversation, InboxConversationHead, Status } from '../../types.ts';
import { useKeys } from './keys.tsx';
import { t } from './words.ts';

/** `onTaken`: has a reply be written. */
type Props = { inbox: InboxConversation; onTaken: () => void };

/** Take, assign, return and resolve. What is pressed shows at once, and goes back if the server refuses. */
export function Actions({ inbox: { conversation, user }, onTaken }: Props) {
  const me = useUser();
  const { id, status, agent } = conversation;
  const agents = useList<Agent>('/inbox/agents', {}, { limit: 100, every: 15_000 });
  const own = status === 'agent' && agent?.id === me?.id;
  const mayEnd = own || status === 'waiting' || (status === 'agent' && me?.role === 'admin');
  // A colleague's conversation is assigned, not taken.
  const mayTake = !own && status !== 'agent';
  const mine = { id: me?.id ?? 0, name: me?.first_name ?? me?.username ?? '' };
  const name = user.name === '' ? t('guest') : user.name;
  const takeBack = () => void act(id, 'take');
  const take = () => {
    void act(id, 'take', { change: { status: 'agent', agent: mine }, said: t('taken') });
    // Does not wait for the server: by then the agent may be writing a note.
    onTaken();
  };
  const resolve = () =>
    act(id, 'resolve', {
      body: {},
      change: { status: 'resolved' },
      said: t('resolvedNow', { name }),
      undo: takeBack,
    });
  const giveBack = () =>
    act(id, 'return', {
      change: { status: 'bot', agent: null },
      said: t('returned', { name }),
      undo: takeBack,
    });
  const assign = (next: Assignee | null) => {
    const before = agent;
    const shown = (to: Assignee | null): Change => ({ agent: to, status: to === null ? 'waiting' : 'agent' });
    const said = next === null ? t('assignedNobody', { name }) : t('assigned', { name, agent: next.name });
    const to = (one: Assignee | null) => ({ body: { agent_id: one?.id ?? null }, change: shown(one) });
    const undo = () => void act(id, 'assign', to(before));
    return act(id, 'assign', { ...to(next), said, undo });
  };
  useKeys({
    ...(mayTake && { t: take }),
    ...(mayEnd && { e: () => void resolve(), b: () => void giveBack() }),
  });
  return (
    <div className="flex flex-wrap items-center gap-2">
      {mayTake && (
        <Button small kind="main" onClick={take}>
          {t('take')}
        </Button>
      )}
      {mayEnd && (
        <Button small onClick={() => void resolve()}>
          {t('resolve')}
        </Button>
      )}
      {mayEnd && (
        <Button small kind="quiet" onClick={() => void giveBack()}>
          {t('return')}
        </Button>
      )}
      {(status === 'agent' || status === 'waiting') && (
        <select
          aria-label={t('assign')}
          value={agent?.id ?? ''}
          onChange={({ target }) => {
            const chosen = agents.list.find((one) => String(one.id) === target.value);
            void assign(chosen === undefined ? null : { id: chosen.id, name: chosen.name });
          }}
          className="min-h-8 max-w-56 min-w-0 rounded-lg border border-edge bg-paper px-2 text-sm pointer-coarse:min-h-9"
        >
          <option value="">
            {t('assign')}: {t('nobody')}
          </option>
          {agents.list.map(({ id: agentId, name, online }) => (
            <option key={agentId} value={agentId}>
              {online ? t('online', { name }) : name}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}

type Assignee = { id: number; name: string };
type Change = { status?: Status; agent?: Assignee | null };

type Act = { body?: object; change?: Change; said?: string; undo?: () => void };

/**
 * Shows the change of an act, sends the act, and says so, with a way to undo it. Shows what was before where the server
 * refuses.
 */
async function act(
  id: number,
  what: 'take' | 'assign' | 'return' | 'resolve',
  { body, change = {}, said, undo }: Act = {},
): Promise<void> {
  const key = [`/inbox/${id}`, {}];
  const before = queries.getQueryData<InboxConversation>(key);
  const show = (next: Partial<InboxConversationHead>) =>
    queries.setQueryData<InboxConversation>(key, (old) =>
      old === undefined ? old : { ...old, conversation: { ...old.conversation, ...next } },
    );
  show(change);
  actsOnMine(id);
  try {
    show(await send<InboxConversationHead>('POST', `/inbox/${id}/${what}`, body));
    if (said !== undefined) toast(said, undo);
  } catch (err) {
    if (before !== undefined) queries.setQueryData(key, before);
    toast(reason(err, { conflict: t('wasFirst') }));
  }
  void reloadExactly('/inbox', `/inbox/${id}`);
}
