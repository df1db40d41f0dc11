import { useState } from 'react';
import { reason } from '../data/api.ts';

/**
 * Does one act of a page, such as saving a form. `busy`: it is under way; `refused`: why the last one failed, in words.
 * @param labels of fields, by the names that the API gives them
 */
export function useAct(labels: Record<string, string> = {}) {
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState('');
  /** @returns whether the work is done */
  const act = async (work: () => Promise<void>): Promise<boolean> => {
    setBusy(true);
    setRefused('');
    try {
      await work();
      return true;
    } catch (err) {
      setRefused(reason(err, {}, labels));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, refused, act };
}
