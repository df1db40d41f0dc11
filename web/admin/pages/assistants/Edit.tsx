import { useState } from 'react';
import { Alert, Button, Check, Field } from '../../../shared/controls.tsx';
import { queries } from '../../../shared/queries.ts';
import { toast } from '../../../shared/toasts.tsx';
import { reload, send } from '../../data/api.ts';
import { Confirm } from '../../shared/Confirm.tsx';
import { Panel } from '../../shared/Page.tsx';
import { languageName } from '../../shared/languages.ts';
import { Restored } from '../../shared/Restored.tsx';
import { useAct } from '../../shared/useAct.ts';
import { useKept } from '../../shared/useKept.ts';
import { TextArea } from '../../shared/fields.tsx';
import { type Assistant, changesOf, definitionOf } from './data.ts';
import { ByLanguage, Knowledge, Models, NumberField, type Put } from './parts.tsx';
import { Try } from './Try.tsx';
import { a, assistantLabels } from './words.ts';

const MOST = 8_000;

export function Edit({ assistant }: { assistant: Assistant }) {
  const form = useKept(`assistant.${assistant.id}`, definitionOf(assistant));
  const { value: draft, set: setDraft } = form;
  const { busy, refused, act } = useAct(assistantLabels());
  const [archiving, setArchiving] = useState(false);
  const put: Put = (change) => setDraft((old) => ({ ...old, ...change }));
  const changes = changesOf(assistant, draft);
  const changed = Object.keys(changes).length > 0;
  const path = `/assistants/${assistant.id}`;

  const keep = (saved: Assistant) => queries.setQueryData([path, {}], saved);
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
