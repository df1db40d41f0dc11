import { useState } from 'react';
import { Alert, Button, Check, Field } from '../../../shared/controls.tsx';
import { queries } from '../../../shared/queries.ts';
import { toast } from '../../../shared/toasts.tsx';
import { reason, reload, send, useGet } from '../../data/api.ts';
import { Confirm } from '../../shared/Confirm.tsx';
import { Panel } from '../../shared/Page.tsx';
import { Restored } from '../../shared/Restored.tsx';
import { useKept } from '../../shared/useKept.ts';
import { Select, TextArea } from '../../shared/fields.tsx';
import { type Assistant, changesOf, type Definition, definitionOf, languageName, TAGS } from './data.ts';
import { Try } from './Try.tsx';
import { a, assistantLabels } from './words.ts';

const MOST = 8_000;
type Put = (change: Partial<Definition>) => void;

export function Edit({ assistant }: { assistant: Assistant }) {
  const form = useKept(`assistant.${assistant.id}`, definitionOf(assistant));
  const { value: draft, set: setDraft } = form;
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState('');
  const [archiving, setArchiving] = useState(false);
  const put: Put = (change) => setDraft((old) => ({ ...old, ...change }));
  const changes = changesOf(assistant, draft);
  const changed = Object.keys(changes).length > 0;
  const path = `/assistants/${assistant.id}`;

  const keep = (saved: Assistant) => queries.setQueryData([path, {}], saved);
  const act = async (work: () => Promise<void>) => {
    setBusy(true);
    setRefused('');
    try {
      await work();
    } catch (err) {
      setRefused(reason(err, {}, assistantLabels()));
    } finally {
      setBusy(false);
    }
  };
  const save = () =>
    act(async () => {
      const saved = await send<Assistant>('PUT', path, changes);
      keep(saved);
      setDraft(() => definitionOf(saved));
      toast(a('saved', { version: saved.version }));
      await reload('/assistants');
    });

  return (
    <div className="grid gap-6 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      <form
        className="grid content-start gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Restored form={form} />
        {assistant.is_archived && <Alert>{a('isArchived')}</Alert>}
        <Field
          label={a('name')}
          value={draft.name}
          maxLength={100}
          required
          onChange={({ target }) => put({ name: target.value })}
        />
        <TextArea
          label={a('instructions')}
          hint={a('instructionsHint', {
            today: '{{today}}',
            user: '{{user_name}}',
            left: MOST - draft.instructions.length,
          })}
          rows={10}
          maxLength={MOST}
          value={draft.instructions}
          onChange={({ target }) => put({ instructions: target.value })}
        />
        <ByLanguage
          label={a('byLanguage')}
          values={draft.instructions_by_language}
          fresh=""
          onChange={(instructions_by_language) => put({ instructions_by_language })}
          field={(tag, value, change) => (
            <TextArea
              label={`${a('instructions')}: ${languageName(tag)}`}
              rows={5}
              maxLength={MOST}
              value={value}
              onChange={({ target }) => change(target.value)}
            />
          )}
        />
        <Models draft={draft} put={put} />
        <Knowledge draft={draft} put={put} />
        <ByLanguage
          label={a('greeting')}
          values={draft.greeting}
          fresh=""
          onChange={(greeting) => put({ greeting })}
          field={(tag, value, change) => (
            <Field
              label={`${a('greeting')}: ${languageName(tag)}`}
              maxLength={1_000}
              value={value}
              onChange={({ target }) => change(target.value)}
            />
          )}
        />
        <ByLanguage<string[]>
          label={a('questions')}
          values={draft.suggested_questions}
          fresh={[]}
          onChange={(suggested_questions) => put({ suggested_questions })}
          field={(tag, value, change) => (
            <TextArea
              label={`${a('questions')}: ${languageName(tag)}`}
              rows={4}
              defaultValue={value.join('\n')}
              onChange={({ target }) =>
                change(
                  target.value
                    .split('\n')
                    .map((line) => line.trim())
                    .filter((line) => line !== ''),
                )
              }
            />
          )}
        />
        <Panel title={a('handoff')}>
          <Check
            checked={draft.handoff.enabled}
            onChange={({ target }) => put({ handoff: { ...draft.handoff, enabled: target.checked } })}
          >
            {a('mayHandOff')}
          </Check>
          <NumberField
            label={a('afterUnanswered')}
            hint={a('never')}
            value={draft.handoff.after_unanswered}
            min={1}
            max={100}
            onChange={(after_unanswered) => put({ handoff: { ...draft.handoff, after_unanswered } })}
          />
        </Panel>
        <Alert>{refused}</Alert>
        <div className="flex flex-wrap items-center gap-2">
          <Button kind="main" type="submit" disabled={busy || !changed || assistant.is_archived}>
            {a('save')}
          </Button>
          {!assistant.is_default && !assistant.is_archived && (
            <>
              <Button
                busy={busy}
                onClick={() =>
                  void act(async () => {
                    await send('POST', `${path}/default`);
                    toast(a('madeDefault'));
                    await reload('/assistants');
                  })
                }
              >
                {a('makeDefault')}
              </Button>
              <Button kind="danger" busy={busy} onClick={() => setArchiving(true)}>
                {a('archive')}
              </Button>
            </>
          )}
          {assistant.is_archived && (
            <Button
              busy={busy}
              onClick={() =>
                void act(async () => {
                  keep(await send<Assistant>('PUT', path, { is_archived: false }));
                  await reload('/assistants');
                })
              }
            >
              {a('unarchive')}
            </Button>
          )}
          {changed && <p className="text-sm text-muted">{a('unsaved')}</p>}
        </div>
      </form>
      <Try assistant={assistant} changes={changes} />
      {archiving && (
        <Confirm
          title={a('archiveTitle')}
          act={a('archive')}
          word={assistant.name}
          onClose={() => setArchiving(false)}
          onConfirm={async () => {
            await send('DELETE', path);
            await reload('/assistants');
          }}
        >
          <p className="text-sm">{a('archiveWhat')}</p>
        </Confirm>
      )}
    </div>
  );
}

function Models({ draft, put }: { draft: Definition; put: Put }) {
  const system = useGet<{ models: { role: string; name: string }[] }>('/system');
  const names = (system.data?.models ?? []).flatMap(({ role, name }) => (role === 'chat' ? [name] : []));
  const all = [...new Set([...names, ...(draft.model === null ? [] : [draft.model])])];
  return (
    <div className="grid items-start gap-4 sm:grid-cols-2">
      <Select
        label={a('model')}
        value={draft.model ?? ''}
        onChange={(model) => put({ model: model === '' ? null : model })}
        options={[{ value: '', text: a('standard') }, ...all.map((value) => ({ value, text: value }))]}
      />
      <NumberField
        label={a('temperature')}
        hint={a('emptyIs')}
        value={draft.temperature}
        min={0}
        max={2}
        step={0.1}
        onChange={(temperature) => put({ temperature })}
      />
      <NumberField
        label={a('maxTokens')}
        hint={a('emptyIs')}
        value={draft.max_completion_tokens}
        min={1}
        max={1_000_000}
        onChange={(max_completion_tokens) => put({ max_completion_tokens })}
      />
      <NumberField
        label={a('history')}
        hint={a('emptyIs')}
        value={draft.history_limit}
        min={0}
        max={1_000}
        onChange={(history_limit) => put({ history_limit })}
      />
    </div>
  );
}

function Knowledge({ draft: { knowledge }, put }: { draft: Definition; put: Put }) {
  const categories = useGet<{ data: { id: number; name: string }[] }>('/faq-categories', { limit: 100 });
  const chosen = knowledge.category_ids;
  return (
    <Panel title={a('knowledge')}>
      <Check
        checked={knowledge.enabled}
        onChange={({ target }) => put({ knowledge: { ...knowledge, enabled: target.checked } })}
      >
        {a('usesKnowledge')}
      </Check>
      {knowledge.enabled && (
        <Check
          checked={chosen === null}
          onChange={({ target }) =>
            put({ knowledge: { ...knowledge, category_ids: target.checked ? null : [] } })
          }
        >
          {a('allCategories')}
        </Check>
      )}
      {knowledge.enabled && chosen !== null && (
        <div className="grid gap-x-4 sm:grid-cols-2">
          {(categories.data?.data ?? []).map(({ id, name }) => (
            <Check
              key={id}
              checked={chosen.includes(id)}
              onChange={({ target }) =>
                put({
                  knowledge: {
                    ...knowledge,
                    category_ids: target.checked ? [...chosen, id] : chosen.filter((one) => one !== id),
                  },
                })
              }
            >
              {name}
            </Check>
          ))}
        </div>
      )}
    </Panel>
  );
}

/** Values by language, each with a field of its own. */
function ByLanguage<T>({
  label,
  values,
  fresh,
  onChange,
  field,
}: {
  label: string;
  values: Record<string, T>;
  fresh: T;
  onChange: (values: Record<string, T>) => void;
  field: (tag: string, value: T, change: (value: T) => void) => React.ReactNode;
}) {
  const left = TAGS.filter((tag) => values[tag] === undefined);
  return (
    <Panel title={label}>
      {Object.entries(values).map(([tag, value]) => (
        <div key={tag} className="relative">
          {field(tag, value, (next) => onChange({ ...values, [tag]: next }))}
          <Button
            small
            kind="quiet"
            className="absolute end-0 -top-2"
            aria-label={`${a('remove')}: ${label}, ${languageName(tag)}`}
            onClick={() =>
              onChange(Object.fromEntries(Object.entries(values).filter(([one]) => one !== tag)))
            }
          >
            {a('remove')}
          </Button>
        </div>
      ))}
      <div className="max-w-60">
        <Select
          label={a('addLanguage')}
          value=""
          onChange={(tag) => tag !== '' && onChange({ ...values, [tag]: fresh })}
          options={[{ value: '', text: '–' }, ...left.map((value) => ({ value, text: languageName(value) }))]}
        />
      </div>
    </Panel>
  );
}

function NumberField({
  label,
  hint,
  value,
  onChange,
  ...bounds
}: {
  label: string;
  hint: string;
  value: number | null;
  onChange: (value: number | null) => void;
  min: number;
  max: number;
  step?: number;
}) {
  return (
    <Field
      label={label}
      hint={hint}
      type="number"
      {...bounds}
      value={value ?? ''}
      onChange={({ target }) => onChange(target.value === '' ? null : Number(target.value))}
    />
  );
}
