import { useState } from 'react';
import { Link } from 'react-router';
import { Button, Field } from '../../../shared/controls.tsx';
import { dateTime } from '../../../shared/words.ts';
import { download, type Params, tellFailure, useList } from '../../data/api.ts';
import { useFilters } from '../../data/filters.ts';
import { Typed } from '../../shared/fields.tsx';
import { Page } from '../../shared/Page.tsx';
import { EmptyState } from '../../shared/states.tsx';
import { Table } from '../../shared/Table.tsx';
import type { AuditEntry } from '../../types.ts';
import { w } from '../../words.ts';
import { Verify } from './Verify.tsx';
import { t } from './words.ts';

const ACTION = /^[a-z_]+\.[a-z_]+$/;

export default function Audit() {
  const { values, set, isFiltered, clear } = useFilters({
    action: '',
    actor_id: '',
    subject_id: '',
    from: '',
    to: '',
  });
  const [verifying, setVerifying] = useState(false);
  const params = asked(values);
  const list = useList<AuditEntry>('/audit', params);
  const save = () => download('/audit/export', params, 'audit.csv').catch(tellFailure);
  return (
    <Page
      title={w('audit')}
      actions={
        <>
          <Button onClick={() => void save()}>{t('export')}</Button>
          <Button onClick={() => setVerifying(true)}>{t('verify')}</Button>
        </>
      }
    >
      <p className="text-sm text-muted">{t('lead')}</p>
      <div className="grid grid-cols-2 items-start gap-3 sm:grid-cols-3 xl:grid-cols-5 max-sm:[&>:first-child]:col-span-2 max-sm:[&>:nth-child(n+5)]:col-span-2">
        <Typed
          label={t('action')}
          placeholder={t('actionHint')}
          value={values.action}
          known={[...new Set(list.list.map(({ action }) => action))].toSorted()}
          onChange={(action) => set({ action })}
        />
        <Typed label={t('actor')} digits value={values.actor_id} onChange={(actor_id) => set({ actor_id })} />
        <Typed
          label={t('subject')}
          digits
          value={values.subject_id}
          onChange={(subject_id) => set({ subject_id })}
        />
        <Field
          label={t('from')}
          type="datetime-local"
          value={values.from}
          onChange={({ target }) => set({ from: target.value })}
        />
        <Field
          label={t('to')}
          type="datetime-local"
          value={values.to}
          onChange={({ target }) => set({ to: target.value })}
        />
      </div>
      <Table
        label={w('audit')}
        list={list}
        columns={[
          {
            head: t('at'),
            cell: ({ at }) => (
              <time className="whitespace-nowrap" dateTime={at}>
                {dateTime(at)}
              </time>
            ),
          },
          { head: t('action'), cell: ({ action }) => <code className="font-mono text-xs">{action}</code> },
          {
            head: t('who'),
            cell: ({ actor_id, actor_role }) =>
              actor_id === null ? (
                t('console')
              ) : (
                <Link
                  className="whitespace-nowrap underline-offset-2 hover:underline"
                  to={`/users/${actor_id}`}
                >
                  {actor_role} {actor_id}
                </Link>
              ),
          },
          {
            head: t('what'),
            cell: ({ target_type, target_id }) => (
              <span className="whitespace-nowrap">
                {target_type} {target_id}
              </span>
            ),
          },
          {
            head: t('about'),
            cell: ({ subject_id }) =>
              subject_id === null ? (
                '–'
              ) : (
                <Link className="underline-offset-2 hover:underline" to={`/users/${subject_id}`}>
                  {subject_id}
                </Link>
              ),
          },
          { head: t('address'), cell: ({ ip }) => ip ?? '–', wide: true },
          {
            head: t('details'),
            cell: ({ details }) => (
              <code className="line-clamp-3 min-w-32 font-mono text-xs wrap-anywhere text-muted">
                {Object.keys(details).length === 0 ? '' : JSON.stringify(details)}
              </code>
            ),
            wide: true,
          },
          { head: t('chain'), cell: ({ chain_seq }) => chain_seq ?? t('unchained'), number: true },
        ]}
        empty={
          <EmptyState title={t('none')} text={t('noneWhy')}>
            {isFiltered && <Button onClick={clear}>{w('clear')}</Button>}
          </EmptyState>
        }
      />
      {verifying && <Verify onClose={() => setVerifying(false)} />}
    </Page>
  );
}

/** Returns the filters that the server takes: an action that is half typed asks for nothing yet. */
function asked({ action, from, to, ...ids }: Record<string, string>): Params {
  const time = (local: string | undefined) => (local ? new Date(local).toISOString() : '');
  return { ...ids, action: ACTION.test(action ?? '') ? action : '', from: time(from), to: time(to) };
}
