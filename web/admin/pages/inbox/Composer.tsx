import { type KeyboardEvent, type RefObject, useEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { Alert, Button } from '../../../shared/controls.tsx';
import { store, useUser } from '../../../shared/session.ts';
import { reason, reloadExactly, send } from '../../data/api.ts';
import { useSay } from '../../data/live.tsx';
import type { InboxConversation } from '../../types.ts';
import { FaqPicker } from './FaqPicker.tsx';
import { useKeys } from './keys.tsx';
import { t } from './words.ts';

export type Mode = 'reply' | 'note';
const TYPING_MS = 3_000;

type Props = {
  inbox: InboxConversation;
  field: RefObject<HTMLTextAreaElement | null>;
  /** The agent's choice. Without having taken the conversation, an agent writes notes whatever it is. */
  chosen: Mode;
  setMode: (mode: Mode) => void;
};

/** Writes replies and notes. What is written outlasts a reload. */
export function Composer({ inbox: { conversation, user }, field, chosen, setMode }: Props) {
  const { id } = conversation;
  const me = useUser();
  const own = conversation.status === 'agent' && conversation.agent?.id === me?.id;
  const mode = own ? chosen : 'note';
  const place = `parley.reply.${me?.id}.${id}.${mode}`;
  const [texts, setTexts] = useState<Record<string, string>>({});
  /** Texts that the browser's storage has no room for: they last as long as the page. */
  const unkept = useRef<Record<string, string>>({});
  const text = texts[place] ?? store.getItem(place) ?? '';
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState('');
  const [hint, setHint] = useState('');
  const [picks, setPicks] = useState(false);
  const key = useRef('');
  const sayTyping = useTyping(id);

  const write = (next: string) => {
    setTexts((old) => ({ ...old, [place]: next }));
    const { [place]: _, ...others } = unkept.current;
    unkept.current = others;
    try {
      if (next === '') store.removeItem(place);
      else store.setItem(place, next);
    } catch {
      unkept.current = { ...others, [place]: next };
    }
  };
  /** Returns the field's present text: the agent may type while a request runs. */
  const written = () => unkept.current[place] ?? store.getItem(place) ?? '';
  const append = (more: string) => write(written().trim() === '' ? more : `${written()}\n\n${more}`);
  const focus = () => requestAnimationFrame(() => field.current?.focus());
  const submit = async () => {
    const content = text.trim();
    if (content === '' || busy) return;
    setBusy(true);
    setRefused('');
    setHint('');
    // The same key on a second try: a reply that arrived is not stored twice.
    key.current ||= `${Date.now()}-${Math.random().toString(36).slice(2)}`;
    write('');
    try {
      await send('POST', `/inbox/${id}/${mode}`, { content }, mode === 'reply' ? key.current : undefined);
      // The kind stays for the next text: a note that went to the user could not be taken back.
      key.current = '';
      await reloadExactly(`/inbox/${id}`);
    } catch (err) {
      write([text, written()].filter(Boolean).join('\n'));
      setRefused(reason(err, { conflict: t('wasFirst') }, { content: '' }));
    }
    setBusy(false);
    focus();
  };
  const draft = async () => {
    setBusy(true);
    setRefused('');
    setHint(t('drafting'));
    try {
      const { content } = await send<{ content: string }>('POST', `/inbox/${id}/draft`);
      append(content);
      setHint(t('drafted'));
    } catch (err) {
      setHint('');
      setRefused(reason(err));
    }
    setBusy(false);
    focus();
  };
  const to = (next: Mode) => {
    setMode(next);
    // Does not wait: the next letter belongs to the text and is not a key of the page.
    field.current?.focus();
  };
  useKeys({
    n: () => to('note'),
    ...(own && { r: () => to('reply') }),
    ...(own && mode === 'reply' && { d: () => void draft(), f: () => setPicks(true) }),
  });
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') field.current?.blur();
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void submit();
  };
  const name = user.name === '' ? t('guest') : user.name;
  return (
    <div className="grid gap-2 border-t border-line px-3 py-3 lg:px-4">
      {own ? (
        <div role="group" aria-label={t('mode')} className="flex gap-1">
          {(['reply', 'note'] as const).map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === mode}
              onClick={() => to(one)}
              className="min-h-9 rounded-lg px-3 text-sm text-muted hover:bg-raised aria-pressed:bg-raised aria-pressed:font-medium aria-pressed:text-ink"
            >
              {t(one)}
            </button>
          ))}
        </div>
      ) : (
        <p className="text-sm text-muted">
          {conversation.status === 'agent'
            ? t('assignFirst', { name: conversation.agent?.name ?? '' })
            : t('takeFirst')}
        </p>
      )}
      <Alert>{refused}</Alert>
      <p role="status" className={hint === '' || mode === 'note' ? 'sr-only' : 'text-sm text-muted'}>
        {mode === 'reply' && hint}
      </p>
      <textarea
        ref={field}
        aria-label={mode === 'reply' ? t('reply') : t('writeNote')}
        placeholder={mode === 'reply' ? t('replyTo', { name }) : t('writeNote')}
        rows={3}
        maxLength={16_000}
        value={text}
        onChange={({ target }) => {
          write(target.value);
          if (mode === 'reply') sayTyping();
        }}
        onKeyDown={onKeyDown}
        className={`max-h-[35dvh] min-h-20 w-full resize-y rounded-xl border border-edge px-3 py-2 field-sizing-content ${mode === 'note' ? 'border-dashed bg-sunken' : 'bg-paper'}`}
      />
      <div className="flex flex-wrap justify-end gap-2">
        {own && mode === 'reply' && (
          <>
            <Button small kind="quiet" onClick={() => setPicks(true)}>
              {t('faq')}
            </Button>
            <Button small kind="quiet" busy={busy} onClick={() => void draft()}>
              {t('draft')}
            </Button>
          </>
        )}
        <Button small kind="main" disabled={busy || text.trim() === ''} onClick={() => void submit()}>
          {mode === 'reply' ? t('send') : t('addNote')}
        </Button>
      </div>
      {picks && (
        <FaqPicker
          language={user.language}
          onClose={() => setPicks(false)}
          onPick={(answer) => {
            // The next key is for the field. The dialog that goes would give the focus to its button.
            flushSync(() => {
              append(answer);
              setPicks(false);
            });
            field.current?.focus();
          }}
        />
      )}
    </div>
  );
}

/** Returns a function that tells the user, now and then, that somebody writes. */
function useTyping(id: number): () => void {
  const say = useSay();
  const last = useRef(0);
  useEffect(() => {
    last.current = 0;
  }, [id]);
  return () => {
    if (Date.now() - last.current < TYPING_MS) return;
    last.current = Date.now();
    say('typing', { conversation_id: id });
  };
}
