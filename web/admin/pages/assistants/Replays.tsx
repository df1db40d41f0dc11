import { useState } from 'react';
import { Alert, Button, Field } from '../../../shared/controls.tsx';
import { Markdown } from '../../../shared/markdown/Markdown.tsx';
import { number } from '../../../shared/words.ts';
import { reload, send, useGet } from '../../data/api.ts';
import { useFilters } from '../../data/filters.ts';
import { Panel } from '../../shared/Page.tsx';
import { EmptyState, ErrorState } from '../../shared/states.tsx';
import { Select } from '../../shared/fields.tsx';
import { useAct } from '../../shared/useAct.ts';
import type { Assistant } from './data.ts';
import { Choose } from './Choose.tsx';
import { a, assistantLabels } from './words.ts';

type Answer = {
  assistant_version: number | null;
  model: string | null;
  content: string | null;
  sources: { faq_id: number; question: string }[];
  usage: { total_tokens: number } | null;
};
type Replay = Answer & { id: number; status: 'queued' | 'completed' | 'failed'; error_code: string | null };

/** An answer, and what other versions say to the same prompt. The run stands in the address. */
export function Replays({ assistant }: { assistant: Assistant }) {
  const { values, set } = useFilters({ run: '' });
  const [typed, setTyped] = useState(values.run);
  const [version, setVersion] = useState(String(assistant.version));
  const { busy, refused, act } = useAct(assistantLabels());
  const path = `/runs/${values.run}/replays`;
  const replays = useGet<{ data: Replay[]; original: Answer }>(
    path,
    { limit: 100 },
    { enabled: values.run !== '', every: 3_000 },
  );
  const choose = (run: number | '') => {
    setTyped(String(run));
    set({ run: String(run) });
  };
  const again = () =>
    act(async () => {
      await send('POST', `/runs/${values.run}/replay`, { assistant_version: Number(version) });
      await reload(path);
    });
  return (
    <>
      <p className="max-w-prose text-sm text-muted">{a('replayLead')}</p>
      <form
        className="flex flex-wrap items-start gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          set({ run: typed.trim() });
        }}
      >
        <Field
          label={a('runId')}
          hint={a('runIdHint')}
          inputMode="numeric"
          pattern="[0-9]{1,16}"
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
        />
        {values.run !== '' && (
          <Button className="sm:mt-6.5" onClick={() => choose('')}>
            {a('chooseAnother')}
          </Button>
        )}
        <Button type="submit" className="sm:mt-6.5" disabled={!/^\d{1,16}$/.test(typed.trim())}>
          {a('look')}
        </Button>
      </form>
      {values.run === '' && <Choose onChoose={choose} />}
      {replays.error !== null && <ErrorState error={replays.error} again={replays.refetch} />}
      {replays.data && (
        <>
          <div className="flex flex-wrap items-end gap-4">
            <Select
              label={a('version')}
              value={version}
              onChange={setVersion}
              options={Array.from(
                { length: Math.min(assistant.version, 100) },
                (_, i) => assistant.version - i,
              ).map((one) => ({ value: String(one), text: a('versionN', { version: one }) }))}
            />
            <Button kind="main" busy={busy} onClick={() => void again()}>
              {a('again')}
            </Button>
          </div>
          <Alert>{refused}</Alert>
          <div className="grid gap-4 lg:grid-cols-2">
            <One title={a('original')} answer={replays.data.original} />
            {replays.data.data.map((replay) => (
              <One
                key={replay.id}
                title={a('versionN', { version: replay.assistant_version ?? '–' })}
                answer={replay}
                replay={replay}
              />
            ))}
          </div>
          {replays.data.data.length === 0 && <EmptyState title={a('noReplays')} />}
        </>
      )}
    </>
  );
}

function One({ title, answer, replay }: { title: string; answer: Answer; replay?: Replay }) {
  const { model, content, sources, usage } = answer;
  return (
    <Panel title={title}>
      <p className="flex flex-wrap gap-x-3 text-sm text-muted">
        <span>{model ?? '–'}</span>
        {usage && <span>{`${number(usage.total_tokens)} ${a('tokens')}`}</span>}
      </p>
      {replay?.status === 'queued' && <p className="text-sm text-muted">{a('queued')}</p>}
      {replay?.status === 'failed' && <Alert>{a('failed', { code: replay.error_code ?? '' })}</Alert>}
      {content && <Markdown text={content} />}
      <p className="text-sm text-muted">
        {sources.length === 0
          ? a('noSources')
          : a('sources', { sources: sources.map(({ question }) => question).join('; ') })}
      </p>
    </Panel>
  );
}
