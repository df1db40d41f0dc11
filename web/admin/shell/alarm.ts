import { useEffect, useSyncExternalStore } from 'react';
import { useNavigate } from 'react-router';
import { rootPath } from '../../shared/root.ts';
import { listeners } from '../../shared/listeners.ts';
import { session, store } from '../../shared/session.ts';
import { offer } from '../../shared/toasts.tsx';
import { useEvents } from '../data/live.tsx';
import { w } from '../words.ts';

const KEY = 'parley.alarm';
const { subscribe, changed } = listeners();
/** Waiting conversations that the agent was told of. */
const told = new Set<number>();
let unseen = false;
/** When this agent last acted on a conversation. */
const acted = new Map<number, number>();
/** Whether a conversation is this agent's, as far as anything was heard of it. */
const mine = new Map<number, boolean>();
/** Ms within which the server pushes what an act changed. */
const ACT_MS = 10_000;
type Updated = { conversation_id: number; status: string; assignee_id: number | null };

export function useAlarmIsOn(): boolean {
  return useSyncExternalStore(subscribe, isOn);
}

function isOn(): boolean {
  return store.getItem(KEY) === 'on';
}

/** Turns sound and notification on or off. Asks the browser for the right to notify. */
export async function setAlarm(on: boolean): Promise<void> {
  store.setItem(KEY, on ? 'on' : 'off');
  changed();
  if (on) sound();
  if (on && typeof Notification !== 'undefined' && Notification.permission === 'default')
    await Notification.requestPermission().catch(() => {});
}

/** Whether somebody began to wait since the inbox was last open. */
export function useUnseenWait(): boolean {
  return useSyncExternalStore(subscribe, () => unseen);
}

export function waitsAreSeen(): void {
  if (!unseen) return;
  unseen = false;
  changed();
}

/** Notes that this agent acts on a conversation, so that getting it by that act is not announced. */
export function actsOnMine(conversation: number): void {
  acted.set(conversation, Date.now());
}

/**
 * Returns whether a conversation was assigned to this agent by somebody else. The state that comes with each message of an own
 * conversation is not an assignment.
 */
function isAssigned({ conversation_id: id, status, assignee_id }: Updated): boolean {
  const was = mine.get(id) ?? false;
  const is = status === 'agent' && assignee_id === session.user?.id;
  mine.set(id, is);
  return is && !was && Date.now() - (acted.get(id) ?? 0) >= ACT_MS;
}

/** Tells of each conversation that begins to wait, and of each that is assigned to this agent, on every page of the panel. */
export function useAlarm(inboxIsOpen: boolean): void {
  const navigate = useNavigate();
  // The next user who signs in has other conversations.
  useEffect(() => () => [acted, mine].forEach((known) => known.clear()), []);
  useEvents((event, data) => {
    if (event !== 'inbox.updated' && event !== 'message') return;
    const { conversation_id, status } = data as Updated;
    if (event === 'message') {
      // The server pushes it to the conversation's agent, before the state.
      if (!mine.has(conversation_id)) mine.set(conversation_id, true);
      return;
    }
    if (isAssigned(data as Updated)) {
      offer(w('assignedToYou'), {
        label: w('open'),
        run: () => void navigate(`/inbox/${conversation_id}?list=mine`),
      });
      if (isOn()) sound();
    }
    if (status !== 'waiting') return void told.delete(conversation_id);
    if (told.has(conversation_id)) return;
    told.add(conversation_id);
    if (!inboxIsOpen) {
      unseen = true;
      changed();
    }
    if (!isOn()) return;
    sound();
    notify(conversation_id);
  });
}

function notify(conversation: number): void {
  if (typeof Notification === 'undefined' || Notification.permission !== 'granted') return;
  const shown = new Notification(w('newWait'), { body: w('newWaitBody'), tag: `wait-${conversation}` });
  shown.addEventListener('click', () => {
    window.focus();
    location.assign(`${rootPath}/admin/inbox/${conversation}`);
  });
}

/** Two short tones. A page that nobody has touched yet stays silent: browsers ask for that. */
function sound(): void {
  if (!navigator.userActivation?.hasBeenActive) return;
  const context = new AudioContext();
  for (const [at, pitch] of [
    [0, 660],
    [0.16, 880],
  ] as const) {
    const tone = new OscillatorNode(context, { frequency: pitch });
    const volume = new GainNode(context, { gain: 0.08 });
    tone.connect(volume).connect(context.destination);
    tone.start(context.currentTime + at);
    tone.stop(context.currentTime + at + 0.14);
  }
  setTimeout(() => void context.close(), 1_000);
}
