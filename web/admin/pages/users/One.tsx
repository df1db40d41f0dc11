import { Link, useLocation, useParams } from 'react-router';
import { Button } from '../../../shared/controls.tsx';
import { queries } from '../../../shared/queries.ts';
import { useUser } from '../../../shared/session.ts';
import { toast } from '../../../shared/toasts.tsx';
import { dateTime, number } from '../../../shared/words.ts';
import { reason, reload, send, useGet } from '../../data/api.ts';
import { Select } from '../../shared/fields.tsx';
import { languageName } from '../../shared/languages.ts';
import { LinkButton } from '../../shared/LinkButton.tsx';
import { Fact, Page, Panel } from '../../shared/Page.tsx';
import { ErrorState, Loading } from '../../shared/states.tsx';
import type { Account } from '../../types.ts';
import { w } from '../../words.ts';
import { Erase } from './Erase.tsx';
import { nameOf, StatusBadge } from './index.tsx';
import { Sessions } from './Sessions.tsx';
import { t } from './words.ts';

/** One account: who it is, what it may do, where it is signed in. */
export function One() {
  const id = Number(useParams().id);
  const { search } = useLocation();
  const { data, error, refetch } = useGet<Account>(`/users/${id}`, {}, { once: true });
  return (
    <Page
      title={data === undefined ? w('users') : nameOf(data)}
      actions={<LinkButton to={`/users${search}`}>{t('back')}</LinkButton>}
    >
      {error !== null && data === undefined && <ErrorState error={error} again={refetch} />}
      {error === null && data === undefined && <Loading />}
      {data !== undefined && <Known account={data} />}
    </Page>
  );
}

function Known({ account }: { account: Account }) {
  const yesNo = (yes: boolean) => (yes ? w('yes') : w('no'));
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
      <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
        <Panel title={t('account')}>
          <dl className="grid gap-2 text-sm">
            <Fact name={t('status')}>
              <StatusBadge status={account.status} />
            </Fact>
            <Fact name={t('email')}>{account.email ?? '–'}</Fact>
            <Fact name={t('username')}>{account.username ?? '–'}</Fact>
            <Fact name={t('language')}>{languageName(account.language)}</Fact>
            <Fact name={t('timezone')}>{account.timezone}</Fact>
            <Fact name={t('verified')}>{yesNo(Boolean(account.email_verified_at))}</Fact>
            <Fact name={t('secondFactor')}>{yesNo(account.second_factor)}</Fact>
            <Fact name={t('consents')}>{yesNo(account.data_processing_consent)}</Fact>
            <Fact name={t('since')}>{dateTime(account.created_at)}</Fact>
            <Fact name={t('lastLogin')}>
              {account.last_login === null ? w('never') : dateTime(account.last_login)}
            </Fact>
          </dl>
          <Link
            className="w-fit text-sm text-accent underline underline-offset-2"
            to={`/audit?subject_id=${account.id}`}
          >
            {t('log')}
          </Link>
        </Panel>
        <UserFigures id={account.id} />
      </div>
      <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
        <Rights account={account} />
        <Sessions id={account.id} />
        <Erase account={account} />
      </div>
    </div>
  );
}

/** Changes the role and the status. Shows a change at once, and takes it back if the server refuses. */
function Rights({ account }: { account: Account }) {
  const me = useUser();
  const change = async (
    fields: Partial<Pick<Account, 'role' | 'status'>>,
    said: string,
    undo?: () => void,
  ) => {
    const key = [`/users/${account.id}`, {}];
    queries.setQueryData(key, { ...account, ...fields });
    try {
      queries.setQueryData(key, await send<Account>('PATCH', `/users/${account.id}`, fields));
      toast(said, undo);
    } catch (err) {
      queries.setQueryData(key, account);
      toast(reason(err));
    }
    void reload('/users');
  };
  const toStatus = (status: 'active' | 'suspended') =>
    change({ status }, t(status === 'active' ? 'wasReinstated' : 'wasSuspended'), () => {
      void change({ status: status === 'active' ? 'suspended' : 'active' }, t('wasReinstated'));
    });
  const isMe = me?.id === account.id;
  const hasRole = account.role !== 'guest' && account.username !== null;
  return (
    <Panel title={t('rights')}>
      {isMe ? (
        <p className="text-sm text-muted">{t('you')}</p>
      ) : (
        <>
          {hasRole ? (
            <Select
              label={t('role')}
              value={account.role}
              onChange={(next) => {
                const [role, old] = [next as Account['role'], account.role];
                void change({ role }, t('roleChanged'), () => void change({ role: old }, t('roleChanged')));
              }}
              options={(['user', 'agent', 'admin'] as const).map((value) => ({ value, text: t(value) }))}
            />
          ) : (
            <p className="text-sm text-muted">{t('fixedRole')}</p>
          )}
          {account.status === 'active' && (
            <div className="grid gap-2">
              <p className="text-sm text-muted">{t('suspendWhy')}</p>
              <Button kind="danger" className="w-fit" onClick={() => void toStatus('suspended')}>
                {t('suspend')}
              </Button>
            </div>
          )}
          {account.status === 'suspended' && (
            <Button className="w-fit" onClick={() => void toStatus('active')}>
              {t('reinstate')}
            </Button>
          )}
        </>
      )}
    </Panel>
  );
}

type Figures = { totals: { conversations: number; messages_in: number; answers: number; tokens: number } };

function UserFigures({ id }: { id: number }) {
  const { data, error, refetch } = useGet<Figures>(`/analytics/user/${id}`);
  return (
    <Panel title={t('figures')}>
      {error !== null && <ErrorState error={error} again={refetch} />}
      {data !== undefined && (
        <dl className="grid gap-2 text-sm">
          <Fact name={t('conversations')}>{number(data.totals.conversations)}</Fact>
          <Fact name={t('messages')}>{number(data.totals.messages_in)}</Fact>
          <Fact name={t('answers')}>{number(data.totals.answers)}</Fact>
          <Fact name={t('tokens')}>{number(data.totals.tokens)}</Fact>
        </dl>
      )}
    </Panel>
  );
}
