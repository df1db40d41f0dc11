import { useState } from 'react';
import { useNavigate, useOutletContext } from 'react-router';
import type { Conversation } from '../../sdk/types.ts';
import { Button, Field, IconButton } from '../../shared/controls.tsx';
import { Dialog } from '../../shared/Dialog.tsx';
import { toast } from '../../shared/toasts.tsx';
import { t } from '../../shared/words.ts';
import { changeConversation, deleteConversation } from '../data/conversations.ts';
import { textOf, useForm } from '../../shared/enter/useForm.ts';
import { useNewTalk } from '../shell/newTalk.ts';
import type { ShellContext } from '../shell/Shell.tsx';

type Props = { id: number | undefined; conversation: Conversation | undefined };

/** The conversation's name and what can be done with it. */
export function Header({ id, conversation }: Props) {
  const { showList } = useOutletContext<ShellContext>();
  const newTalk = useNewTalk();
  const navigate = useNavigate();
  const [renaming, setRenaming] = useState(false);
  const archived = conversation?.is_archived ?? false;
  const archive = async () => {
    if (id === undefined) return;
    const set = (is_archived: boolean) => changeConversation(id, { is_archived });
    try {
      await set(!archived);
      toast(archived ? t('talk.unarchived') : t('talk.archived'), () => void set(archived));
    } catch {
      toast(t('app.failed'));
    }
  };
  const remove = () => {
    if (id === undefined) return;
    deleteConversation(id);
    void navigate('/');
  };
  return (
    <header className="flex min-h-14 items-center gap-1 border-b border-line px-2 md:px-4">
      <IconButton icon="menu" label={t('list.show')} className="md:hidden" onClick={showList} />
      <h1 className="min-w-0 flex-1 truncate px-1 font-semibold">
        {id === undefined ? t('list.new') : (conversation?.title ?? t('list.untitled'))}
      </h1>
      {id !== undefined && (
        <>
          <IconButton icon="pencil" label={t('talk.rename')} onClick={() => setRenaming(true)} />
          <IconButton
            icon="archive"
            label={archived ? t('talk.unarchive') : t('talk.archive')}
            onClick={() => void archive()}
          />
          <IconButton icon="trash" label={t('talk.delete')} onClick={remove} />
          <IconButton icon="plus" label={t('list.new')} className="md:hidden" onClick={newTalk} />
        </>
      )}
      {renaming && conversation && <Rename conversation={conversation} onClose={() => setRenaming(false)} />}
    </header>
  );
}

function Rename({ conversation, onClose }: { conversation: Conversation; onClose: () => void }) {
  const form = useForm(async (fields) => {
    await changeConversation(conversation.id, { title: textOf(fields, 'title').trim() });
    onClose();
  });
  return (
    <Dialog title={t('talk.renameTitle')} onClose={onClose}>
      <form className="grid gap-4" onSubmit={form.onSubmit}>
        <Field
          label={t('talk.name')}
          name="title"
          defaultValue={conversation.title ?? ''}
          maxLength={255}
          pattern=".*\S.*"
          required
          wrong={form.problem && t('app.failed')}
        />
        <div className="flex justify-end gap-2">
          <Button kind="quiet" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button kind="main" type="submit" disabled={form.busy}>
            {t('app.save')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
