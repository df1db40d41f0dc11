import { useState } from 'react';
import { NavLink, Route, Routes, useNavigate, useParams } from 'react-router';
import { Alert, Button, Field } from '../../../shared/controls.tsx';
import { Dialog } from '../../../shared/Dialog.tsx';
import { dateTime } from '../../../shared/words.ts';
import { reload, send, useGet, useList } from '../../data/api.ts';
import { LinkButton } from '../../shared/LinkButton.tsx';
import { Page } from '../../shared/Page.tsx';
import { Badge, EmptyState, ErrorState, Loading } from '../../shared/states.tsx';
import { Table } from '../../shared/Table.tsx';
import { useAct } from '../../shared/useAct.ts';
import { useCurrentShown } from '../../shared/useCurrentShown.ts';
import { w } from '../../words.ts';
import type { Assistant } from './data.ts';
import { Edit } from './Edit.tsx';
import { Experiments } from './Experiments.tsx';
import { Replays } from './Replays.tsx';
import { Versions } from './Versions.tsx';
import { Widget } from './Widget.tsx';
import { a, assistantLabels } from './words.ts';

export default function Assistants() {
  return (
    <Routes>
      <Route index element={<List />} />
      <Route path=":id/*" element={<One />} />
    </Routes>
  );
}

function List() {
  const [adding, setAdding] = useState(false);
  const assistants = useList<Assistant>('/assistants', { all: true });
  return (
    <Page
      title={w('assistants')}
      actions={
        <Button kind="main" onClick={() => setAdding(true)}>
          {a('new')}
        </Button>
      }
    >
      <Table
        label={w('assistants')}
        list={assistants}
        link={({ id }) => `/assistants/${id}`}
        columns={[
          { head: a('name'), cell: ({ name }) => name },
          { head: a('state'), cell: (assistant) => <State assistant={assistant} /> },
          { head: a('version'), cell: ({ version }) => version, number: true },
          { head: a('model'), cell: ({ model }) => model ?? a('standard'), wide: true },
          { head: a('changed'), cell: ({ updated_at }) => dateTime(updated_at), number: true, wide: true },
        ]}
        empty={<EmptyState title={a('empty')} text={a('emptyWhy')} />}
      />
      {adding && <Add onClose={() => setAdding(false)} />}
    </Page>
  );
}

function State({ assistant: { is_default, is_archived } }: { assistant: Assistant }) {
  if (is_default) return <Badge tone="good">{a('default')}</Badge>;
  return <Badge tone={is_archived ? 'quiet' : 'plain'}>{a(is_archived ? 'archived' : 'active')}</Badge>;
}

function Add({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const { busy, refused, act } = useAct(assistantLabels());
  const add = () =>
    act(async () => {
      const { id } = await send<Assistant>('POST', '/assistants', { name });
      await reload('/assistants');
      void navigate(`/assistants/${id}`);
    });
  return (
    <Dialog writes title={a('new')} onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <Field
          label={a('name')}
          value={name}
          maxLength={100}
          onChange={({ target }) => setName(target.value)}
        />
        <Alert>{refused}</Alert>
        <Button kind="main" type="submit" busy={busy} disabled={name.trim() === ''}>
          {a('add')}
        </Button>
      </form>
    </Dialog>
  );
}

const PARTS = [
  ['', 'edit'],
  ['/versions', 'versions'],
  ['/experiments', 'experiments'],
  ['/replays', 'replays'],
  ['/widget', 'widget'],
] as const;

function One() {
  const { id = '' } = useParams();
  const { data: assistant, error, refetch } = useGet<Assistant>(`/assistants/${id}`);
  const parts = useCurrentShown();
  return (
    <Page
      title={assistant?.name ?? w('assistants')}
      actions={
        <>
          {assistant && <State assistant={assistant} />}
          {assistant && <Badge>{a('versionN', { version: assistant.version })}</Badge>}
          <LinkButton to="/assistants">{a('backToList')}</LinkButton>
        </>
      }
    >
      <nav
        ref={parts}
        aria-label={a('parts')}
        className="-mt-2 flex gap-1 overflow-x-auto border-b border-line"
      >
        {PARTS.map(([path, name]) => (
          <NavLink
            key={name}
            end
            to={`/assistants/${id}${path}`}
            className="min-h-(--control) border-b-2 border-transparent px-3 py-2.5 text-sm -outline-offset-2 text-muted hover:text-ink aria-[current=page]:border-accent aria-[current=page]:font-medium aria-[current=page]:text-ink"
          >
            {a(name)}
          </NavLink>
        ))}
      </nav>
      {error !== null && <ErrorState error={error} again={refetch} />}
      {assistant === undefined && error === null && <Loading />}
      {assistant && (
        <Routes>
          <Route index element={<Edit key={`${assistant.id}`} assistant={assistant} />} />
          <Route path="versions" element={<Versions assistant={assistant} />} />
          <Route path="experiments" element={<Experiments assistant={assistant} />} />
          <Route path="replays" element={<Replays assistant={assistant} />} />
          <Route path="widget" element={<Widget assistant={assistant} />} />
        </Routes>
      )}
    </Page>
  );
}
