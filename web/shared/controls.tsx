import { type ComponentProps, type ReactNode, useId } from 'react';
import { Icon, type IconName } from './Icon.tsx';

const KINDS = {
  main: 'bg-accent text-on-accent hover:opacity-90',
  plain: 'border border-edge hover:bg-raised',
  quiet: 'text-muted hover:bg-raised hover:text-ink',
  danger: 'border border-danger text-danger hover:bg-soft',
};

type ButtonProps = ComponentProps<'button'> & {
  kind?: keyof typeof KINDS;
  small?: boolean;
  /** Whether its act is under way. Unlike a disabled button, it keeps the focus then. */
  busy?: boolean;
};

export function Button({
  kind = 'plain',
  small = false,
  busy = false,
  className = '',
  onClick,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      className={`inline-flex items-center justify-center gap-2 font-medium transition-colors disabled:opacity-50 aria-disabled:opacity-50 ${small ? 'min-h-8 rounded-lg px-3 text-sm pointer-coarse:min-h-9' : 'min-h-(--control) rounded-(--round) px-4 text-(length:--control-text)'} ${KINDS[kind]} ${className}`}
      {...rest}
    />
  );
}

const ICON_KINDS = {
  quiet:
    'text-muted hover:bg-raised hover:text-ink disabled:opacity-40 aria-disabled:opacity-40 aria-pressed:text-accent',
  main: 'bg-accent text-on-accent hover:opacity-90 disabled:bg-raised disabled:text-muted disabled:hover:opacity-100',
};

type IconButtonProps = ComponentProps<'button'> & {
  icon: IconName;
  label: string;
  kind?: keyof typeof ICON_KINDS;
  small?: boolean;
};

/** A button with an icon alone. Its name is for screen readers and the tooltip. */
export function IconButton({
  icon,
  label,
  kind = 'quiet',
  small = false,
  className = '',
  ...rest
}: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      className={`relative inline-flex shrink-0 items-center justify-center rounded-lg transition-colors ${ICON_KINDS[kind]} ${small ? 'size-8 pointer-coarse:size-10' : 'size-(--control)'} ${className}`}
      {...rest}
    >
      <Icon name={icon} className={small ? 'size-4' : 'size-5'} />
      {/* A title of the button itself would be read a second time, as its description. */}
      <span aria-hidden="true" title={label} className="absolute inset-0" />
    </button>
  );
}

type LabelledProps = {
  /** Of the control; its note has the id `ID-note`. */
  id: string;
  label: string;
  note?: string | undefined;
  wrong?: boolean;
  children: ReactNode;
};

/** A label above a control, and a note below: a hint, or what is wrong. */
export function Labelled({ id, label, note, wrong = false, children }: LabelledProps) {
  return (
    <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-1.5">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      {children}
      {note !== undefined && (
        <p id={`${id}-note`} className={`text-sm ${wrong ? 'text-danger' : 'text-muted'}`}>
          {note}
        </p>
      )}
    </div>
  );
}

type FieldProps = ComponentProps<'input'> & {
  label: string;
  hint?: string | undefined;
  wrong?: string | undefined;
};

/** A labelled text field, with a hint or with what is wrong. */
export function Field({ label, hint, wrong, ...rest }: FieldProps) {
  const id = useId();
  const note = wrong ?? hint;
  return (
    <Labelled id={id} label={label} note={note} wrong={wrong !== undefined}>
      <input
        id={id}
        aria-invalid={wrong !== undefined}
        aria-describedby={note === undefined ? undefined : `${id}-note`}
        className="min-h-(--control) w-full rounded-(--round) border border-edge bg-paper px-3 text-(length:--control-text) aria-invalid:border-danger"
        {...rest}
      />
    </Labelled>
  );
}

type CheckProps = ComponentProps<'input'> & { children: ReactNode };

export function Check({ children, ...rest }: CheckProps) {
  return (
    <label className="flex min-h-(--control) items-center gap-3 py-1 text-sm">
      {/* The browser calls a box that must be ticked invalid before anybody was there. */}
      <input type="checkbox" aria-invalid={false} className="size-5 shrink-0 accent-accent" {...rest} />
      <span>{children}</span>
    </label>
  );
}

/** Says what went wrong, at once and aloud. */
export function Alert({ children }: { children: ReactNode }) {
  if (!children) return null;
  return (
    <p role="alert" className="flex gap-2 rounded-xl bg-soft px-3 py-2 text-sm text-danger">
      <Icon name="warning" />
      <span>{children}</span>
    </p>
  );
}
