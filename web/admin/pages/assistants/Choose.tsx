import { useState } from 'react';
import { Button } from '../../../shared/controls.tsx';
import { moment } from '../../../shared/words.ts';
import { useGet, useList } from '../../data/api.ts';
import { Panel } from '../../shared/Page.tsx';
import { ErrorState, Loading } from '../../shared/states.tsx';
import type { InboxConversation, InboxItem } from '../../types.ts';
import { a } from './words.ts';

/** Conversations, and the answers of the one that was chosen. Each look is in the audit log, as in the inbox. */
export function Choose({ onChoose }: { onChoose: (run: number) => void }) {
  const [id, setId] = useState<number>();
  const list = useList<InboxItem>('/inbox', {}, { limit: 20 });
  if (list.error !== null) return <ErrorState error={list.error} again={list.refetch} />;
  if (list.isPending) return <Loading />;
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 lg:grid-cols-2">
      <Panel title={a('conversations')}>
        {list.list.length === 0 && <p className="text-sm text-muted">{a('noConversations')}</p>}
        <ul aria-label={a('conversations')} className="grid grid-cols-[minmax(0,1fr)] gap-0.5">
          {list.list.map(({ conversation, user, last_message }) => (
            <li key={conversation.id}>
              <button
                type="button"
                aria-pressed={conversation.id === id}
                onClick={() => setId(conversation.id)}
                className="grid w-full gap-0.5 rounded-lg px-3 py-2 text-start hover:bg-raised aria-pressed:bg-raised"
              >
                <span className="truncate text-sm font-medium">
                  {conversation.title ?? last_message?.content ?? `#${conversation.id}`}
                </span>
                <span className="flex gap-2 text-xs text-muted">
                  <span className="truncate">{user.name || a('guest')}</span>
                  <time dateTime={conversation.last_message_at}>{moment(conversation.last_message_at)}</time>
                </span>
              </button>
            </li>
          ))}
        </ul>
        {list.hasNextPage && (
          <Button small kind="quiet" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {a('moreConversations')}
          </Button>
        )}
      </Panel>
      {id !== undefined && <Answers id={id} onChoose={onChoose} />}
    </div>
  );
}

function Answers({ id, onChoose }: { id: number; onChoose: (run: number) => void }) {
  const { data, error, refetch } = useGet<InboxConversation>(`/inbox/${id}`, {}, { once: true });
  if (error !== null && data === undefined) return <ErrorState error={error} again={refetch} />;
  if (data === undefined) return <Loading />;
  const answers = data.messages.filter(({ message_type, run_id }) => message_type === 'assistant' && run_id);
  return (
    <Panel title={a('answers')}>
      {answers.length === 0 && <p className="text-sm text-muted">{a('noAnswers')}</p>}
      <ul aria-label={a('answers')} className="grid grid-cols-[minmax(0,1fr)] gap-0.5">
        {answers.map(({ id: message, run_id, content, feedback }) => (
          <li key={message}>
            <button
              type="button"
              onClick={() => onChoose(run_id ?? 0)}
              className="grid w-full gap-0.5 rounded-lg px-3 py-2 text-start text-sm hover:bg-raised"
            >
              <span className="line-clamp-3 wrap-anywhere">{content || '–'}</span>
              {feedback === 'down' && <span className="text-xs text-danger">{a('ratedDown')}</span>}
            </button>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
