import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { NotificationSettings, User } from '../../sdk/types.ts';
import { Check } from '../../shared/controls.tsx';
import { session } from '../../shared/session.ts';
import { toast } from '../../shared/toasts.tsx';
import { t } from '../../shared/words.ts';
import { PushHere } from './PushHere.tsx';
import { Section } from './Section.tsx';

type Choosable = {
  kind: Exclude<keyof NotificationSettings, 'quiet_hours'>;
  for?: User['role'][];
  alwaysMailed?: true;
};
/** Kinds that can be chosen, and by whom. The others are always mailed and never pushed. */
const KINDS = [
  { kind: 'answer_ready' },
  { kind: 'agent_replied' },
  { kind: 'knowledge_answered' },
  { kind: 'export_ready' },
  { kind: 'user_budget_warning' },
  { kind: 'handoff_waiting', for: ['agent', 'admin'] },
  { kind: 'budget_warning', for: ['admin'] },
  { kind: 'webhook_disabled', for: ['admin'] },
  { kind: 'new_sign_in', alwaysMailed: true },
  { kind: 'password_changed', alwaysMailed: true },
  { kind: 'second_factor_off', alwaysMailed: true },
  { kind: 'recovery_code_used', alwaysMailed: true },
] as const satisfies Choosable[];
type Kind = (typeof KINDS)[number]['kind'];
type Change = Partial<{ [K in Kind]: { email?: boolean; push?: boolean } }> &
  Partial<Pick<NotificationSettings, 'quiet_hours'>>;
const KEY = ['notification settings'];
const QUIET = { from: '22:00', to: '07:00' };

/** What the user is told while away, by mail and on devices, and when not. */
export function Notifications({ user }: { user: User }) {
  const client = useQueryClient();
  const { data } = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => session.call<NotificationSettings>('GET', '/users/me/notifications', { signal }),
  });
  const change = async (body: Change) => {
    const before = client.getQueryData<NotificationSettings>(KEY);
    // What was chosen shows at once.
    if (before) client.setQueryData(KEY, merged(before, body));
    try {
      client.setQueryData(
        KEY,
        await session.call<NotificationSettings>('PUT', '/users/me/notifications', { body }),
      );
    } catch {
      client.setQueryData(KEY, before);
      toast(t('app.failed'));
    }
  };
  if (data === undefined) return null;
  const kinds = (KINDS as readonly (Choosable & { kind: Kind })[]).filter(
    ({ for: roles }) => roles?.includes(user.role) ?? true,
  );
  const hasMail = user.email !== null;
  return (
    <Section title={t('tell.title')}>
      <PushHere />
      <table aria-label={t('tell.title')} className="w-full text-sm">
        <thead>
          <tr className="text-muted">
            <th scope="col" className="py-1 text-start font-medium">
              {t('tell.what')}
            </th>
            {hasMail && (
              <th scope="col" className="w-20 py-1 text-center font-medium">
                {t('tell.email')}
              </th>
            )}
            <th scope="col" className="w-20 py-1 text-center font-medium">
              {t('tell.push')}
            </th>
          </tr>
        </thead>
        <tbody>
          {kinds.map(({ kind, alwaysMailed = false }) => (
            <tr key={kind} className="border-t border-line">
              <th scope="row" className="py-2 pe-2 text-start font-normal">
                {t(`tell.${kind}`)}
              </th>
              {hasMail && (
                <Cell
                  label={`${t(`tell.${kind}`)}: ${t('tell.email')}`}
                  checked={alwaysMailed || data[kind].email}
                  disabled={alwaysMailed}
                  onSet={(email) => void change({ [kind]: { email } })}
                />
              )}
              <Cell
                label={`${t(`tell.${kind}`)}: ${t('tell.push')}`}
                checked={data[kind].push}
                onSet={(push) => void change({ [kind]: { push } })}
              />
            </tr>
          ))}
        </tbody>
      </table>
      <QuietHours hours={data.quiet_hours} onSet={(quiet_hours) => void change({ quiet_hours })} />
    </Section>
  );
}

function merged(settings: NotificationSettings, change: Change): NotificationSettings {
  const next = { ...settings };
  if (change.quiet_hours !== undefined) next.quiet_hours = change.quiet_hours;
  for (const { kind } of KINDS) next[kind] = { ...settings[kind], ...change[kind] };
  return next;
}

type CellProps = { label: string; checked: boolean; disabled?: boolean; onSet: (on: boolean) => void };

function Cell({ label, checked, disabled = false, onSet }: CellProps) {
  return (
    <td>
      <label className="grid min-h-11 place-items-center">
        <input
          type="checkbox"
          aria-label={label}
          className="size-5 accent-accent"
          checked={checked}
          disabled={disabled}
          onChange={({ target }) => onSet(target.checked)}
        />
      </label>
    </td>
  );
}

type QuietProps = {
  hours: NotificationSettings['quiet_hours'];
  onSet: (hours: NotificationSettings['quiet_hours']) => void;
};

function QuietHours({ hours, onSet }: QuietProps) {
  const time = (which: 'from' | 'to', label: string) => (
    <label className="grid gap-1 text-sm">
      {label}
      <input
        type="time"
        required
        className="min-h-11 rounded-xl border border-edge bg-paper px-3 text-base"
        defaultValue={hours?.[which]}
        onBlur={({ target }) => {
          if (hours && target.value !== '' && target.value !== hours[which])
            onSet({ ...hours, [which]: target.value });
        }}
      />
    </label>
  );
  return (
    <fieldset aria-label={t('tell.quiet')} className="grid gap-2">
      <Check checked={hours !== null} onChange={({ target }) => onSet(target.checked ? QUIET : null)}>
        {t('tell.quiet')}
      </Check>
      {hours !== null && (
        <div className="flex flex-wrap gap-4">
          {time('from', t('tell.from'))}
          {time('to', t('tell.to'))}
        </div>
      )}
    </fieldset>
  );
}
