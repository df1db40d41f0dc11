import { Button, Check, Field } from '../../../shared/controls.tsx';
import { useGet } from '../../data/api.ts';
import { useCategories } from '../../data/categories.ts';
import { Select } from '../../shared/fields.tsx';
import { LANGUAGES, languageName } from '../../shared/languages.ts';
import { Panel } from '../../shared/Page.tsx';
import type { Definition } from './data.ts';
import { a } from './words.ts';

/** Changes some fields of the definition that a form holds. */
export type Put = (change: Partial<Definition>) => void;

export function Models({ draft, put }: { draft: Definition; put: Put }) {
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

export function Knowledge({ draft: { knowledge }, put }: { draft: Definition; put: Put }) {
  const categories = useCategories();
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
          {categories.map(({ id, name }) => (
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
export function ByLanguage<T>({
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
  const left = LANGUAGES.filter((tag) => values[tag] === undefined);
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

export function NumberField({
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
