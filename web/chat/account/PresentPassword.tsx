import { Field } from '../../shared/controls.tsx';
import { t } from '../../shared/words.ts';

/** A field `password`: who changes an account proves to be its owner. */
export function PresentPassword() {
  return (
    <Field label={t('me.present')} name="password" type="password" autoComplete="current-password" required />
  );
}
