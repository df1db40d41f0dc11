import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Message, Run } from '../../sdk/types.ts';
import { session } from '../../shared/session.ts';
import { isOpen } from '../data/messages.ts';

/** Returns the run of an answer once its message was in view: it knows the sources, and what went wrong. */
export function useRun({ run_id, status }: Message) {
  const ref = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (seen || !ref.current) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && setSeen(true));
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, [seen]);
  const { data: run } = useQuery({
    queryKey: ['run', run_id],
    enabled: seen && run_id !== null && !isOpen(status),
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) => session.call<Run>('GET', `/runs/${run_id}`, { signal }),
  });
  return { run, ref };
}
