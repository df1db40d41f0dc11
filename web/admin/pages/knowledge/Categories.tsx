import { useState } from 'react';
import { Alert, Button, Field } from '../../../shared/controls.tsx';
import { Dialog } from '../../../shared/Dialog.tsx';
import { toast } from '../../../shared/toasts.tsx';
import { useUnsaved } from '../../../shared/unsaved.ts';
import { reload, send, tellFailure, useList } from '../../data/api.ts';
import { Confirm } from '../../shared/Confirm.tsx';
import { LinkButton } from '../../shared/LinkButton.tsx';
import { Page, Panel } from '../../shared/Page.tsx';
import { EmptyState } from '../../shared/states.tsx';
import { Table } from '../../shared/Table.tsx';
import { useAct } from '../../shared/useAct.ts';
import type { Category } from './data.ts';
import { k } from './words.ts';

export function Categories() {
  const categories = useList<Category>('/faq-categories');
  const [removed, setRemoved] = useState<Category>();
  const [changed, setChanged] = useState<Category>();
  return (
    <Page title={k('categories')} actions={<LinkButton to="/knowledge">{k('backToList')}</LinkButton>}>
      <Add />
      <Table
        label={k('categories')}
        list={categories}
        columns={[
          { head: k('name'), cell: ({ name }) => name },
          { head: k('slug'), cell: ({ slug }) => slug, wide: true },
          { head: k('description'), cell: ({ description }) => description },
          {
            head: k('acts'),
            number: true,
            cell: (category) => (
              <span className="flex justify-end gap-2 max-sm:flex-wrap">
                <Button
                  small
                  onClick={() => setChanged(category)}
                  aria-label={`${k('change')}: ${category.name}`}
                >
                  {k('change')}
                </Button>
                <Button
                  small
                  kind="danger"
                  onClick={() => setRemoved(category)}
                  aria-label={`${k('delete')}: ${category.name}`}
                >
                  {k('delete')}
                </Button>
              </span>
            ),
          },
        ]}
        empty={<EmptyState title={k('noCategories')} />}
      />
      {changed && <Change category={changed} onClose={() => setChanged(undefined)} />}
      {removed && (
        <Confirm
          title={k('deleteCategory', { name: removed.name })}
          act={k('delete')}
          word={removed.name}
          onClose={() => setRemoved(undefined)}
          onConfirm={async () => {
            await send('DELETE', `/faq-categories/${removed.id}`);
            await reload('/faq-categories', '/faqs');
            toast(k('deleted'));
          }}
        >
          <p className="text-sm">{k('deleteCategoryWhat')}</p>
        </Confirm>
      )}
    </Page>
  );
}

/** Changes name and description. The slug stays: imports name it. */
function Change({ category, onClose }: { category: Category; onClose: () => void }) {
  const [fields, setFields] = useState({ name: category.name, description: category.description ?? '' });
  const name = fields.name.trim();
  const { busy, refused, act } = useAct(labels());
  const write = async (fields: Pick<Category, 'name' | 'description'>) => {
    await send('PUT', `/faq-categories/${category.id}`, fields);
    await reload('/faq-categories');
  };
  const save = () =>
    act(async () => {
      await write({ name, description: fields.description.trim() || null });
      toast(k('categoryChanged', { name }), () => {
        write({ name: category.name, description: category.description }).catch((err: unknown) =>
          tellFailure(err, labels()),
        );
      });
      onClose();
    });
  return (
    <Dialog writes title={k('changeCategory', { name: category.name })} onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (name !== '') void save();
        }}
      >
        <Fields of={fields} onChange={setFields} />
        <p className="text-sm text-muted">{k('slugStays', { slug: category.slug })}</p>
        <Alert>{refused}</Alert>
        <Button kind="main" type="submit" className="justify-self-end" busy={busy} disabled={name === ''}>
          {k('save')}
        </Button>
      </form>
    </Dialog>
  );
}

function Add() {
  const [fields, setFields] = useState(EMPTY);
  const { busy, refused, act } = useAct(labels());
  const { name, description } = fields;
  useUnsaved(name !== '' || description !== '');
  const add = () =>
    act(async () => {
      await send('POST', '/faq-categories', { name, ...(description !== '' && { description }) });
      await reload('/faq-categories');
      setFields(EMPTY);
    });
  return (
    <Panel title={k('addCategory')}>
      <form
        className="grid items-end gap-4 sm:grid-cols-[1fr_2fr_auto]"
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <Fields of={fields} onChange={setFields} />
        <Button kind="main" type="submit" busy={busy} disabled={name.trim() === ''}>
          {k('addCategory')}
        </Button>
      </form>
      <Alert>{refused}</Alert>
    </Panel>
  );
}

const EMPTY = { name: '', description: '' };

/** The slug is made of the name. */
const labels = () => ({ name: k('name'), slug: k('name'), description: k('description') });

type FieldsProps = { of: typeof EMPTY; onChange: (fields: typeof EMPTY) => void };

function Fields({ of, onChange }: FieldsProps) {
  return (
    <>
      <Field
        label={k('name')}
        value={of.name}
        maxLength={100}
        onChange={({ target }) => onChange({ ...of, name: target.value })}
      />
      <Field
        label={k('description')}
        value={of.description}
        maxLength={500}
        onChange={({ target }) => onChange({ ...of, description: target.value })}
      />
    </>
  );
}
