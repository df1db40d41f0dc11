import { useState } from 'react';
import { EMPTY } from '../../sdk/empty.ts';
import type { Message, Taken } from '../../sdk/types.ts';
import { Button, Field, IconButton } from '../../shared/controls.tsx';
import { CopyButton } from '../../shared/CopyButton.tsx';
import { Dialog } from '../../shared/Dialog.tsx';
import { session } from '../../shared/session.ts';
import { toast } from '../../shared/toasts.tsx';
import { t } from '../../shared/words.ts';
import { addMessages, patchMessage, reloadMessages } from '../data/messages.ts';
import { useParley } from '../data/parley.tsx';
import { textOf, useForm } from '../../shared/enter/useForm.ts';
import { focusTalk } from './focus.ts';

/** What can be done with an answer: copy, rate, ask for another one. */
export function Actions({ message, isNewest }: { message: Message; isNewest: boolean }) {
  const { id, conversation_id, content, feedback } = message;
  const parley = useParley();
  const [commenting, setCommenting] = useState(false);
  const rate = async (rating: 'up' | 'down') => {
    const next = feedback === rating ? null : rating;
    patchMessage(conversation_id, id, { feedback: next });
    try {
      if (next === null) await session.call('DELETE', `/messages/${id}/feedback`);
      else await session.call('POST', `/messages/${id}/feedback`, { body: { rating: next } });
      if (next === 'down') setCommenting(true);
    } catch {
      patchMessage(conversation_id, id, { feedback });
      toast(t('app.failed'));
    }
  };
  const again = async () => {
    try {
      const key = crypto.randomUUID();
      const taken = await session.call<Taken>('POST', `/messages/${id}/regenerate`, { body: {}, key });
      const { reply_id, run_id } = taken;
      if (reply_id === null || run_id === null) return reloadMessages(conversation_id);
      const created_at = new Date().toISOString();
      const reply = { id: reply_id, run_id, conversation_id, replaces_id: id, created_at };
      addMessages(conversation_id, [{ ...EMPTY, ...reply, message_type: 'assistant' }], false);
      parley.watch(run_id);
      focusTalk();
    } catch {
      toast(t('app.failed'));
    }
  };
  return (
    <>
      {content !== '' && (
        <>
          <CopyButton text={content} label={t('reply.copy')} />
          <IconButton
            small
            icon="up"
            label={t('reply.good')}
            aria-pressed={feedback === 'up'}
            onClick={() => void rate('up')}
          />
          <IconButton
            small
            icon="down"
            label={t('reply.bad')}
            aria-pressed={feedback === 'down'}
            onClick={() => void rate('down')}
          />
        </>
      )}
      {isNewest && <IconButton small icon="again" label={t('reply.again')} onClick={() => void again()} />}
      {commenting && <Comment id={id} onClose={() => setCommenting(false)} />}
    </>
  );
}

function Comment({ id, onClose }: { id: number; onClose: () => void }) {
  const form = useForm(async (fields) => {
    const comment = textOf(fields, 'comment').trim();
    if (comment !== '')
      await session.call('POST', `/messages/${id}/feedback`, { body: { rating: 'down', comment } });
    toast(t('reply.thanks'));
    onClose();
  });
  return (
    <Dialog writes title={t('reply.bad')} onClose={onClose}>
      <form className="grid gap-4" onSubmit={form.onSubmit}>
        <Field label={t('reply.comment')} name="comment" maxLength={1000} />
        <div className="flex justify-end">
          <Button kind="main" type="submit" busy={form.busy}>
            {t('reply.sendComment')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
