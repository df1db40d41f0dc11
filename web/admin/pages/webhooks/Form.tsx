import { useState } from 'react';
import { Alert, Button, Check, Field } from '../../../shared/controls.tsx';
import { textOf, reasonOf, useForm } from '../../../shared/enter/useForm.ts';
import { useUnsaved, useUnsavedForm } from '../../../shared/unsaved.ts';
import type { Webhook } from '../../types.ts';
import { t } from './words.ts';

/** The events that an endpoint may receive. */
const EVENTS: Webhook['events'] = [
  'run.completed',
  'run.failed',
  'run.cancelled',
  'message.created',
  'conversation.handoff',
  'conversation.resolved',
  'feedback.created',
  'faq.published',
  'user.created',
  'user.erased',
];

type Fields = Pick<Webhook, 'url' | 'events' | 'description' | 'enabled' | 'include_content'>;

export function Form({
  webhook,
  act,
  onSubmit,
  onCancel,
}: {
  webhook?: Webhook;
  act: string;
  onSubmit: (fields: Fields) => Promise<void>;
  onCancel?: () => void;
}) {
  const [events, setEvents] = useState<Webhook['events']>(webhook?.events ?? ['conversation.handoff']);
  const fields = useUnsavedForm();
  const started = webhook?.events ?? ['conversation.handoff'];
  useUnsaved([...events].sort().join() !== [...started].sort().join());
  const form = useForm((fields) =>
    onSubmit({
      url: textOf(fields, 'url').trim(),
      description: textOf(fields, 'description').trim(),
      events,
      enabled: fields.get('enabled') !== null,
      include_content: fields.get('include_content') !== null,
    }),
  );
  const labels = { url: t('url'), description: t('description'), events: t('events') };
  return (
    <form ref={fields} className="grid gap-4" onSubmit={form.onSubmit}>
      <Field
        label={t('url')}
        name="url"
        type="url"
        required
        maxLength={2_000}
        defaultValue={webhook?.url}
        hint={t('urlHint')}
      />
      <Field
        label={t('description')}
        name="description"
        maxLength={500}
        defaultValue={webhook?.description}
      />
      <fieldset className="grid gap-1">
        <legend className="text-sm font-medium">{t('events')}</legend>
        <div className="grid sm:grid-cols-2">
          {EVENTS.map((event) => (
            <Check
              key={event}
              checked={events.includes(event)}
              onChange={({ target }) =>
                setEvents(target.checked ? [...events, event] : events.filter((one) => one !== event))
              }
            >
              <code className="font-mono text-xs">{event}</code>
            </Check>
          ))}
        </div>
        {events.length === 0 && <p className="text-sm text-danger">{t('needsEvent')}</p>}
      </fieldset>
      <div>
        <Check name="enabled" defaultChecked={webhook?.enabled ?? true}>
          {t('enabled')}
        </Check>
        <Check name="include_content" defaultChecked={webhook?.include_content ?? false}>
          {t('content')}
        </Check>
      </div>
      <Alert>{reasonOf(form.problem, {}, labels)}</Alert>
      <div className="flex flex-wrap justify-end gap-2">
        {onCancel && <Button onClick={onCancel}>{t('cancel')}</Button>}
        <Button kind="main" type="submit" disabled={form.busy || events.length === 0}>
          {act}
        </Button>
      </div>
    </form>
  );
}
