import { useState } from 'react';
import { useNavigate, useOutletContext } from 'react-router';
import type { Conversation } from '../../sdk/types.ts';
import { Button, Field, IconButton } from '../../shared/controls.tsx';
import { Dialog } from '../../shared/Dialog.tsx';
import { Icon, type IconName } from '../../shared/Icon.tsx';
import { session } from '../../shared/session.ts';
import { toast } from '../../shared/toasts.tsx';
import { t } from '../../shared/words.ts';
import { textOf, useForm } from '../../shared/enter/useForm.ts';
import { changeConversation, deleteConversation, patchConversation } from '../data/conversations.ts';
import { ListButton } from '../shell/ListButton.tsx';
import { useNewTalk } from '../shell/newTalk.ts';
import type { ShellContext } from '../shell/Shell.tsx';
import { focusTalk } from './focus.ts';

type Props = { id: number | undefined; conversation: Conversation | undefined };

/** The conversation's name and what can be done with it. */
export function Header({ id, conversation }: Props) {
  const { showList } = useOutletContext<ShellContext>();
  const newTalk = useNewTalk();
  const navigate = useNavigate();
  const [renaming, setRenaming] = useState(false);
  const [showing, setShowing] = useState(false);
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
    deleteConversation(id, () => void navigate(`/c/${id}`));
    // A new place: the conversation may have begun in this one.
    void navigate('/', { state: { began: Date.now() } });
  };
  const acts: Act[] = [
    { icon: 'pencil', label: t('talk.rename'), run: () => setRenaming(true) },
    {
      icon: 'archive',
      label: archived ? t('talk.unarchive') : t('talk.archive'),
      run: () => void archive(),
    },
    { icon: 'trash', label: t('talk.delete'), run: remove },
  ];
  return (
    <header className="flex min-h-14 items-center gap-1 border-b border-line px-2 md:px-4">
      <ListButton onClick={showList} />
      <h1 dir="auto" className="min-w-0 flex-1 truncate px-1 font-semibold">
        {id === undefined ? t('list.new') : (conversation?.title ?? t('list.untitled'))}
      </h1>
      {id !== undefined && (
        <>
          {canAsk(conversation) && (
            <button
              type="button"
              title={t('talk.askPerson')}
              className="flex min-h-11 min-w-11 items-center justify-center gap-2 rounded-lg px-2 text-muted hover:bg-raised hover:text-ink"
              onClick={() => void askPerson(id)}
            >
              <Icon name="hand" />
              <span className="max-lg:sr-only">{t('talk.askPerson')}</span>
            </button>
          )}
          {acts.map(({ icon, label, run }) => (
            <IconButton key={icon} icon={icon} label={label} className="max-md:hidden" onClick={run} />
          ))}
          <IconButton
            icon="more"
            label={t('talk.more')}
            className="md:hidden"
            onClick={() => setShowing(true)}
          />
          <IconButton icon="plus" label={t('list.new')} className="md:hidden" onClick={newTalk} />
        </>
      )}
      {showing && <More acts={acts} onClose={() => setShowing(false)} />}
      {renaming && conversation && <Rename conversation={conversation} onClose={() => setRenaming(false)} />}
    </header>
  );
}

type Act = { icon: IconName; label: string; run: () => void };

/** What a phone has no room for in the header. */
function More({ acts, onClose }: { acts: Act[]; onClose: () => void }) {
  return (
    <Dialog title={t('talk.more')} onClose={onClose}>
      <ul className="grid gap-1">
        {acts.map(({ icon, label, run }) => (
          <li key={icon}>
            <button
              type="button"
              className="flex min-h-12 w-full items-center gap-3 rounded-xl px-3 text-start hover:bg-raised"
              onClick={() => {
                onClose();
                run();
              }}
            >
              <Icon name={icon} />
              {label}
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

/** A person who is there or on the way need not be asked for. */
function canAsk(conversation: Conversation | undefined): boolean {
  return conversation?.status === 'bot' || conversation?.status === 'resolved';
}

async function askPerson(id: number): Promise<void> {
  try {
    patchConversation(await session.call<Conversation>('POST', `/conversations/${id}/handoff`, { body: {} }));
    // The button that was pressed is gone.
    focusTalk();
  } catch {
    toast(t('app.failed'));
  }
}

function Rename({ conversation, onClose }: { conversation: Conversation; onClose: () => void }) {
  // An answer that ends meanwhile may name the conversation: the field would count as changed.
  const [title] = useState(conversation.title ?? '');
  const form = useForm(async (fields) => {
    await changeConversation(conversation.id, { title: textOf(fields, 'title').trim() });
    onClose();
  });
  return (
    <Dialog writes title={t('talk.renameTitle')} onClose={onClose}>
      <form className="grid gap-4" onSubmit={form.onSubmit}>
        <Field
          label={t('talk.name')}
          name="title"
          defaultValue={title}
          maxLength={255}
          pattern=".*\S.*"
          required
          wrong={form.problem && t('app.failed')}
        />
        <div className="flex justify-end gap-2">
          <Button kind="quiet" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button kind="main" type="submit" busy={form.busy}>
            {t('app.save')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
