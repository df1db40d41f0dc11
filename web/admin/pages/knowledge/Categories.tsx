import { useState } from 'react';
import { Alert, Button, Field } from '../../../shared/controls.tsx';
import { toast } from '../../../shared/toasts.tsx';
import { useUnsaved } from '../../../shared/unsaved.ts';
import { reason, reload, send, useList } from '../../data/api.ts';
import { Confirm } from '../../shared/Confirm.tsx';
import { LinkButton } from '../../shared/LinkButton.tsx';
import { Page, Panel } from '../../shared/Page.tsx';
import { EmptyState } from '../../shared/states.tsx';
import { Table } from '../../shared/Table.tsx';
import type { Category } from './data.ts';
import { k } from './words.ts';

export function Categories() {
  const categories = useList<Category>('/faq-categories');
  const [removed, setRemoved] = useState<Category>();
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
            head: k('delete'),
            number: true,
            cell: (category) => (
              <Button
                kind="danger"
                onClick={() => setRemoved(category)}
                aria-label={`${k('delete')}: ${category.name}`}
              >
                {k('delete')}
              </Button>
            ),
          },
        ]}
        empty={<EmptyState title={k('noCategories')} />}
      />
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

function Add() {
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [refused, setRefused] = useState('');
  useUnsaved(name !== '' || description !== '');
  const add = async () => {
    setRefused('');
    try {
      await send('POST', '/faq-categories', { name, ...(description !== '' && { description }) });
      await reload('/faq-categories');
      setName('');
      setDescription('');
    } catch (err) {
      setRefused(reason(err));
    }
  };
  return (
    <Panel title={k('addCategory')}>
      <form
        className="grid items-end gap-4 sm:grid-cols-[1fr_2fr_auto]"
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <Field
          label={k('name')}
          value={name}
          maxLength={100}
          onChange={({ target }) => setName(target.value)}
        />
        <Field
          label={k('description')}
          value={description}
          maxLength={500}
          onChange={({ target }) => setDescription(target.value)}
        />
        <Button kind="main" type="submit" disabled={name.trim() === ''}>
          {k('addCategory')}
        </Button>
      </form>
      <Alert>{refused}</Alert>
    </Panel>
  );
}
