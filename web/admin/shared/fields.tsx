import { type ComponentProps, useEffect, useId, useRef, useState } from 'react';
import { Field, Labelled } from '../../shared/controls.tsx';
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
    <Labelled id={id} label={label}>
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
    </Labelled>
  );
}

type TextAreaProps = ComponentProps<'textarea'> & { label: string; hint?: string | undefined };

export function TextArea({ label, hint, ...rest }: TextAreaProps) {
  const id = useId();
  return (
    <Labelled id={id} label={label} note={hint}>
      <textarea
        id={id}
        rows={4}
        aria-describedby={hint === undefined ? undefined : `${id}-note`}
        className="w-full rounded-(--round) border border-edge bg-paper px-3 py-2 text-(length:--control-text)"
        {...rest}
      />
    </Labelled>
  );
}

const PAUSE_MS = 250;

/**
 * Keeps what is typed, and says it once the typing pauses: the address takes a while to change, and letters that came meanwhile
 * would be lost. A value from elsewhere, such as a way back, takes its place.
 */
function useTyped(value: string, onChange: (text: string) => void) {
  const [typed, setTyped] = useState(value);
  const said = useRef(value);
  useEffect(() => {
    if (value === said.current) return;
    said.current = value;
    setTyped(value);
  }, [value]);
  useEffect(() => {
    if (typed.trim() === said.current) return;
    const timer = setTimeout(() => {
      said.current = typed.trim();
      onChange(typed.trim());
    }, PAUSE_MS);
    return () => clearTimeout(timer);
    // Only typing starts the pause.
  }, [typed]);
  return [typed, setTyped] as const;
}

type TypedProps = Omit<ComponentProps<typeof Field>, 'value' | 'onChange'> & {
  value: string;
  onChange: (text: string) => void;
  /** Texts to choose from while one types. */
  known?: string[];
  /** Whether it takes digits alone. */
  digits?: boolean;
};

/** A field of a filter. Says what was typed once the typing pauses. */
export function Typed({ value, onChange, known, digits = false, ...rest }: TypedProps) {
  const [typed, setTyped] = useTyped(value, onChange);
  const id = useId();
  return (
    <>
      <Field
        {...(known !== undefined && { list: id })}
        {...(digits && { inputMode: 'numeric' })}
        value={typed}
        onChange={({ target }) => setTyped(digits ? target.value.replaceAll(/\D/g, '') : target.value)}
        {...rest}
      />
      {known !== undefined && (
        <datalist id={id}>
          {known.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      )}
    </>
  );
}

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
  const [typed, setTyped] = useTyped(value, onChange);
  const id = useId();
  return (
    <Labelled id={id} label={label}>
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
    </Labelled>
  );
}
