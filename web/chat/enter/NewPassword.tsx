import type { ComponentProps } from 'react';
import { Field } from '../../shared/controls.tsx';

/** A field for a password that the server may accept as a new one. */
export function NewPassword(props: ComponentProps<typeof Field>) {
  return (
    <Field type="password" autoComplete="new-password" minLength={8} maxLength={256} required {...props} />
  );
}
