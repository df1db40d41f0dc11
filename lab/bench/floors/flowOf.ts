import type { FlowJob } from 'bullmq';

/** Returns a flow of the same jobs as a message's, in queues of its own: NAME-completion, NAME-moderation, NAME-context. */
export function flowOf(name: string, data: object): FlowJob {
  const stage = (queue: string) => ({ name: queue, queueName: `${name}-${queue}`, data });
  return { ...stage('completion'), children: [stage('moderation'), stage('context')] };
}
