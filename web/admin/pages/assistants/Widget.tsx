import { useState } from 'react';
import { CopyButton } from '../../../shared/CopyButton.tsx';
import { base } from '../../../shared/root.ts';
import { Field } from '../../../shared/controls.tsx';
import { Panel } from '../../shared/Page.tsx';
import { Select } from '../../shared/fields.tsx';
import { languageName } from '../../shared/languages.ts';
import type { Assistant } from './data.ts';
import { a } from './words.ts';

const COLOR = '#1f6f5c';

/** The line for other sites, and the widget itself as it makes it. */
export function Widget({ assistant: { id, name } }: { assistant: Assistant }) {
  const [language, setLanguage] = useState('');
  const [color, setColor] = useState(COLOR);
  const attributes = [
    `src="${base}/widget.js"`,
    `data-assistant="${id}"`,
    ...(language === '' ? [] : [`data-language="${language}"`]),
    ...(color === COLOR ? [] : [`data-color="${color}"`]),
  ];
  const code = `<script ${attributes.join(' ')} async></script>`;
  const wanted = new URLSearchParams({
    assistant: String(id),
    ...(language !== '' && { language }),
    ...(color !== COLOR && { color }),
  });
  return (
    <div className="grid gap-6 lg:grid-cols-[minmax(0,1fr)_26rem]">
      <Panel title={a('embed')}>
        <p className="text-sm text-muted">{a('embedLead')}</p>
        <div className="grid gap-4 sm:grid-cols-2">
          <Select
            label={a('widgetLanguage')}
            value={language}
            onChange={setLanguage}
            options={[
              { value: '', text: a('visitors') },
              ...['en', 'de', 'ar'].map((value) => ({ value, text: languageName(value) })),
            ]}
          />
          <Field
            label={a('color')}
            type="color"
            className="h-(--control) w-full rounded-(--round) border border-edge bg-paper p-1"
            value={color}
            onChange={({ target }) => setColor(target.value)}
          />
        </div>
        <div className="flex items-start justify-between gap-2 rounded-xl bg-sunken p-3">
          <code className="min-w-0 text-sm wrap-anywhere">{code}</code>
          <CopyButton text={code} label={a('copyCode')} />
        </div>
      </Panel>
      <Panel title={a('preview')}>
        <p className="text-sm text-muted">{a('previewLead')}</p>
        <iframe
          key={wanted.toString()}
          title={`${a('preview')}: ${name}`}
          src={`${base}/widget?${wanted}`}
          className="h-[34rem] w-full rounded-2xl border border-line"
        />
      </Panel>
    </div>
  );
}
