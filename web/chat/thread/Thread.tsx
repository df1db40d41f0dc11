import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Conversation, Source } from '../../sdk/types.ts';
import { Button } from '../../shared/controls.tsx';
import { Icon } from '../../shared/Icon.tsx';
import { t } from '../../shared/words.ts';
import { isOpen, useMessages } from '../data/messages.ts';
import { readAbout } from '../data/notifications.ts';
import { useParley, useUnsent } from '../data/parley.tsx';
import { Composer, type ComposerHandle } from './Composer.tsx';
import { FaqDialog } from './FaqDialog.tsx';
import { Mine } from './Mine.tsx';
import { Person } from './Person.tsx';
import { Reply } from './Reply.tsx';
import { Spoken } from './Spoken.tsx';
import { Status } from './Status.tsx';
import { SpokenWait, UnsentMessage } from './UnsentMessage.tsx';
import { Welcome } from './Welcome.tsx';
import { rowsOf } from './rows.ts';
import { useScroll } from './useScroll.ts';

type Props = { id: number | undefined; name: string; conversation: Conversation | undefined };

/** The messages of a conversation and the field for the next one. */
export function Thread({ id, name, conversation }: Props) {
  const parley = useParley();
  const { messages, isPending, isError, refetch, ...more } = useMessages(id);
  const { hasNextPage, fetchNextPage, isFetchingNextPage } = more;
  const unsent = useUnsent().filter(({ conversation: at }) => at === (id ?? name));
  const rows = useMemo(() => rowsOf(messages), [messages]);
  const [faq, setFaq] = useState<Source>();
  const openSource = useCallback((source: Source) => setFaq(source), []);
  const composer = useRef<ComposerHandle>(null);
  const edit = useCallback((text: string) => composer.current?.write(text), []);
  const older = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const scroll = useScroll(messages[0]?.id, older);
  const { toEnd } = scroll;
  useEffect(() => {
    if (id !== undefined) readAbout(id);
  }, [id, messages.length]);

  const send = useCallback(
    (content: string, assistant_id?: number) => {
      const assistant = id === undefined && assistant_id !== undefined ? { assistant_id } : {};
      parley.outbox.add({ conversation: id ?? name, content, ...assistant });
      toEnd();
    },
    [parley, id, name, toEnd],
  );
  const resend = useCallback((content: string) => send(content), [send]);
  const open = messages.findLast(({ status, run_id }) => run_id !== null && isOpen(status));
  const isEmpty = id === undefined && unsent.length === 0;
  const lastMine = rows.findLast(({ kind }) => kind === 'mine')?.key;
  return (
    <main className="grid min-h-0 min-w-0 grid-cols-[minmax(0,1fr)] grid-rows-[minmax(0,1fr)_auto]">
      <div className="relative min-h-0">
        {/* Somebody without a mouse scrolls the messages by the arrow keys. */}
        <div
          ref={scroll.box}
          role="log"
          aria-live="off"
          aria-label={t('talk.messages')}
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          tabIndex={0}
          onScroll={scroll.onScroll}
          className="relative h-full overflow-y-auto overscroll-contain px-4 outline-offset-[-2px]"
        >
          <div ref={scroll.content} className="mx-auto grid max-w-3xl grid-cols-[minmax(0,1fr)] gap-6 py-6">
            {isFetchingNextPage && <p className="text-center text-sm text-muted">{t('talk.older')}</p>}
            {id !== undefined && isPending && <p className="text-center text-muted">{t('app.loading')}</p>}
            {isError && messages.length === 0 && (
              <div className="grid justify-items-center gap-3">
                <p className="text-center text-danger">{t('app.failed')}</p>
                <Button onClick={() => void refetch()}>{t('app.retry')}</Button>
              </div>
            )}
            {isEmpty && <Welcome onAsk={send} />}
            {rows.map((row) => {
              if (row.kind === 'mine')
                return (
                  <Mine
                    key={row.key}
                    text={row.message.content}
                    onResend={row.key === lastMine ? resend : undefined}
                  />
                );
              if (row.kind === 'person') return <Person key={row.key} message={row.message} />;
              return <Reply key={row.key} versions={row.versions} onSource={openSource} />;
            })}
            {unsent.map((message) => (
              <UnsentMessage key={message.key} message={message} onEdit={edit} />
            ))}
            <Status conversation={conversation} />
          </div>
        </div>
        {!scroll.atEnd && (
          <button
            type="button"
            className="absolute inset-x-0 bottom-3 mx-auto flex min-h-10 w-fit items-center gap-2 rounded-full border border-line bg-paper px-4 text-sm font-medium shadow-md hover:bg-raised"
            onClick={scroll.toEnd}
          >
            <Icon name="arrowDown" className="size-4" />
            {t('talk.newest')}
          </button>
        )}
      </div>
      <SpokenWait unsent={unsent} />
      <Spoken messages={id !== undefined && isPending ? undefined : messages} />
      <Composer
        ref={composer}
        place={id === undefined ? 'new' : String(id)}
        onSend={send}
        onTyping={() => id !== undefined && parley.say('typing', { conversation_id: id })}
        onEditLast={editLast}
        onStop={open?.run_id ? () => void parley.stop(open.run_id ?? 0).catch(() => {}) : undefined}
      />
      {faq && <FaqDialog source={faq} onClose={() => setFaq(undefined)} />}
    </main>
  );
}

/** The button stands at the last question, wherever that is. */
function editLast(): void {
  document.querySelector<HTMLElement>('[data-edit-last]')?.click();
}
