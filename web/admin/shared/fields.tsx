import { type ComponentProps, useEffect, useId, useState } from 'react';
import { Icon } from '../../shared/Icon.tsx';
import { w } from '../words.ts';

type SelectProps = {
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: { value: string; text: string }[];
};

export function Select({ label, value, onChange, options }: SelectProps) {
  const id = useId();
  return (
    <div className="grid gap-1.5">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      <select
        id={id}
        value={value}
        onChange={({ target }) => onChange(target.value)}
        className="min-h-(--control) text-(length:--control-text) w-full min-w-0 rounded-(--round) border border-edge bg-paper px-3"
      >
        {options.map((one) => (
          <option key={one.value} value={one.value}>
            {one.text}
          </option>
        ))}
      </select>
    </div>
  );
}

type TextAreaProps = ComponentProps<'textarea'> & { label: string; hint?: string | undefined };

export function TextArea({ label, hint, ...rest }: TextAreaProps) {
  const id = useId();
  return (
    <div className="grid gap-1.5">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      <textarea
        id={id}
        rows={4}
        aria-describedby={hint === undefined ? undefined : `${id}-note`}
        className="w-full rounded-(--round) border border-edge bg-paper px-3 py-2 text-(length:--control-text)"
        {...rest}
      />
      {hint !== undefined && (
        <p id={`${id}-note`} className="text-sm text-muted">
          {hint}
        </p>
      )}
    </div>
  );
}

const PAUSE_MS = 250;

/** A search field. Says what was typed once the typing pauses. */
export function Search({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (q: string) => void;
}) {
  const [typed, setTyped] = useState(value);
  const id = useId();
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed.trim() === value) return;
    const timer = setTimeout(() => onChange(typed.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
    // Only typing starts the pause.
  }, [typed]);
  return (
    <div className="grid gap-1.5">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      <div className="relative">
        <Icon
          name="search"
          className="pointer-events-none absolute inset-y-0 start-3 my-auto size-4.5 text-muted"
        />
        <input
          id={id}
          type="search"
          placeholder={w('search')}
          maxLength={200}
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
          className="min-h-(--control) text-(length:--control-text) w-full rounded-(--round) border border-edge bg-paper ps-10 pe-3"
        />
      </div>
    </div>
  );
}
