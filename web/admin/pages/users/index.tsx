import { Route, Routes, useLocation } from 'react-router';
import { Button } from '../../../shared/controls.tsx';
import { dateTime, when } from '../../../shared/words.ts';
import { useList } from '../../data/api.ts';
import { useFilters } from '../../data/filters.ts';
import { Search, Select } from '../../shared/fields.tsx';
import { Page } from '../../shared/Page.tsx';
import { Badge, EmptyState } from '../../shared/states.tsx';
import { Table } from '../../shared/Table.tsx';
import type { Account } from '../../types.ts';
import { w } from '../../words.ts';
import { One } from './One.tsx';
import { t } from './words.ts';

const ROLES = ['guest', 'user', 'agent', 'admin'] as const;
const STATUSES = ['active', 'suspended', 'deleted'] as const;

export default function Users() {
  return (
    <Routes>
      <Route index element={<All />} />
      <Route path=":id" element={<One />} />
    </Routes>
  );
}

function All() {
  const { values, set, isFiltered, clear } = useFilters({ q: '', role: '', status: '' });
  const list = useList<Account>('/users', values);
  const { search } = useLocation();
  return (
    <Page title={w('users')}>
      <div className="grid grid-cols-2 items-end gap-3 sm:grid-cols-[minmax(0,1fr)_11rem_11rem] max-sm:[&>:first-child]:col-span-2">
        <Search label={t('search')} value={values.q} onChange={(q) => set({ q })} />
        <Select
          label={t('role')}
          value={values.role}
          onChange={(role) => set({ role })}
          options={[{ value: '', text: t('all') }, ...ROLES.map((value) => ({ value, text: t(value) }))]}
        />
        <Select
          label={t('status')}
          value={values.status}
          onChange={(status) => set({ status })}
          options={[{ value: '', text: t('all') }, ...STATUSES.map((value) => ({ value, text: t(value) }))]}
        />
      </div>
      <Table
        label={w('users')}
        list={list}
        link={({ id }) => `/users/${id}${search}`}
        columns={[
          { head: t('name'), cell: nameOf },
          { head: t('email'), cell: ({ email }) => email ?? '–' },
          { head: t('role'), cell: ({ role }) => t(role) },
          { head: t('status'), cell: ({ status }) => <StatusBadge status={status} /> },
          { head: t('since'), cell: ({ created_at }) => when(created_at), wide: true },
          {
            head: t('lastLogin'),
            cell: ({ last_login }) => (last_login === null ? w('never') : dateTime(last_login)),
            wide: true,
          },
        ]}
        empty={
          <EmptyState title={t('none')} text={t('noneWhy')}>
            {isFiltered && <Button onClick={clear}>{w('clear')}</Button>}
          </EmptyState>
        }
      />
    </Page>
  );
}

export function nameOf({ first_name, last_name, username, role, id }: Account): string {
  const full = [first_name, last_name].filter(Boolean).join(' ');
  return full || username || `${t(role)} ${id}`;
}

export function StatusBadge({ status }: { status: Account['status'] }) {
  return <Badge tone={status === 'active' ? 'good' : 'bad'}>{t(status)}</Badge>;
}
