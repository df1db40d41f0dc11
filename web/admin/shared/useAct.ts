import { useRef, useState } from 'react';
import { reason } from '../data/api.ts';

/**
 * Does one act of a page at a time, such as saving a form. `busy`: it is under way; `refused`: why the last one failed, in words.
 * @param labels of fields, by the names that the API gives them
 */
export function useAct(labels: Record<string, string> = {}) {
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState('');
  // Two clicks may come before the page is drawn again.
  const running = useRef(false);
  /** @returns whether the work is done. It is not begun while other work of this act is under way. */
  const act = async (work: () => Promise<void>): Promise<boolean> => {
    if (running.current) return false;
    running.current = true;
    setBusy(true);
    setRefused('');
    try {
      await work();
      return true;
    } catch (err) {
      setRefused(reason(err, {}, labels));
      return false;
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return { busy, refused, act };
}
