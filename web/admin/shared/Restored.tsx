import { Button } from '../../shared/controls.tsx';
import { w } from '../words.ts';

/** Says that a form holds what was written on an earlier visit. */
export function Restored({
  form: { restored, discard },
}: {
  form: { restored: boolean; discard: () => void };
}) {
  if (!restored) return null;
  return (
    <p
      role="status"
      className="flex flex-wrap items-center justify-between gap-2 rounded-lg bg-raised px-3 py-1 text-sm"
    >
      {w('restored')}
      <Button small kind="quiet" onClick={discard}>
        {w('discard')}
      </Button>
    </p>
  );
}
