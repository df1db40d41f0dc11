import { useState } from 'react';
import { Button } from '../../../shared/controls.tsx';
import { Markdown } from '../../../shared/markdown/Markdown.tsx';
import { TextArea } from '../../shared/fields.tsx';
import { k } from './words.ts';

/** The answer as it is written, or as users see it. */
export function Answer({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [seen, setSeen] = useState(false);
  return (
    <div className="relative">
      <Button
        small
        kind="quiet"
        aria-pressed={seen}
        className="absolute end-0 -top-2"
        onClick={() => setSeen(!seen)}
      >
        {k(seen ? 'write' : 'preview')}
      </Button>
      {seen ? (
        <div className="grid gap-1.5">
          <p className="text-sm font-medium">{k('answer')}</p>
          <section
            aria-label={k('preview')}
            className="min-h-56 rounded-(--round) border border-line bg-sunken px-4 py-3"
          >
            <Markdown text={value} />
          </section>
        </div>
      ) : (
        <TextArea
          label={k('answer')}
          value={value}
          rows={10}
          maxLength={20_000}
          required
          onChange={({ target }) => onChange(target.value)}
        />
      )}
    </div>
  );
}
