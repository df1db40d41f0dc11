import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent } from './agent.ts';
import type { Faults } from './faults.ts';
import type { Figures } from './figures.ts';
import type { Options, Plan } from './schedule.ts';
import type { Stack } from './stack.ts';
import type { User } from './user.ts';

/** Ms after the last fault for which clients retry messages. */
const TAKEN_WITHIN_MS = 45_000;

type Round = {
  plan: Plan;
  options: Options;
  users: User[];
  agents: Agent[];
  faults: Faults;
  figures: Figures;
  stack: Stack;
};

/** Sends the messages evenly over the minutes and injects the faults in between. Resolves after both. */
export async function play({ plan, options, users, agents, faults, figures, stack }: Round): Promise<void> {
  const step = (options.minutes * 60_000) / options.messages;
  const giveUp = new AbortController();
  const sent: Promise<void>[] = [];
  const acts = [
    ...plan.messages.map((message) => ({
      at: message.coalesces ? message.index - 0.99 : message.index,
      act: () => void sent.push(users[message.user]?.say(message, giveUp.signal) ?? Promise.resolve()),
    })),
    ...plan.faults.map((fault) => ({ at: fault.at, act: () => faults.inject(fault) })),
    ...plan.messages
      .filter(({ index }) => index % 25 === 24)
      .map(({ index }) => ({
        at: index + 0.5,
        act: () => void sent.push(editFaq(stack, index), figures.change()),
      })),
  ].toSorted((a, b) => a.at - b.at);
  let over = false;
  const working = agents.map((agent) => agent.work(() => over, giveUp.signal));
  const began = Date.now();
  for (const { at, act } of acts) {
    await sleep(Math.max(0, began + at * step - Date.now()));
    act();
  }
  await faults.over();
  const timer = setTimeout(() => giveUp.abort(), TAKEN_WITHIN_MS);
  await Promise.all(sent);
  await Promise.all(users.map((user) => user.quiet()));
  over = true;
  await Promise.all(working);
  clearTimeout(timer);
}

/** Work for the embedding queue. */
export async function addFaqs({ postgres }: Stack): Promise<void> {
  await postgres.rows(`INSERT INTO faqs (question, answer, slug, status, published_at)
    SELECT 'What is thing ' || i || '?', 'Thing ' || i || ' is a thing.', 'thing-' || i, 'published', now()
    FROM generate_series(1, 10) i`);
}

async function editFaq({ postgres }: Stack, index: number): Promise<void> {
  await postgres.rows(`UPDATE faqs SET answer = 'Edit ${index}' WHERE slug = 'thing-${1 + (index % 10)}'`);
}
