import { useState } from 'react';
import { Link } from 'react-router';
import { Alert, Button } from '../../../shared/controls.tsx';
import { Markdown } from '../../../shared/markdown/Markdown.tsx';
import { session } from '../../../shared/session.ts';
import { useUnsaved } from '../../../shared/unsaved.ts';
import { number } from '../../../shared/words.ts';
import { Panel } from '../../shared/Page.tsx';
import { useAct } from '../../shared/useAct.ts';
import { Progress } from '../../shared/states.tsx';
import { Select, TextArea } from '../../shared/fields.tsx';
import { languageOptions } from '../../shared/languages.ts';
import { w } from '../../words.ts';
import type { Assistant, Definition, Tried } from './data.ts';
import { a, assistantLabels } from './words.ts';

/** A model may take a minute. */
const WITHIN_MS = 75_000;

/** Tries the assistant as the form has it: prompt, passages, tokens, answer. */
export function Try({ assistant, changes }: { assistant: Assistant; changes: Partial<Definition> }) {
  const [content, setContent] = useState('');
  const [language, setLanguage] = useState('en');
  const { busy, refused, act } = useAct(assistantLabels());
  const [tried, setTried] = useState<Tried>();
  // A question that was tried need not be kept.
  useUnsaved(content.trim() !== '' && tried === undefined);
  const run = (answer: boolean) =>
    act(async () => {
      const body = { content, language, answer, ...(Object.keys(changes).length > 0 && { changes }) };
      setTried(
        await session.call<Tried>('POST', `/assistants/${assistant.id}/try`, {
          body,
          signal: AbortSignal.timeout(WITHIN_MS),
        }),
      );
    });
  const ready = content.trim() !== '' && !busy;
  return (
    <div className="grid content-start gap-4">
      <Panel title={a('try')}>
        <p className="text-sm text-muted">{a('tryLead')}</p>
        <TextArea
          label={a('tryQuestion')}
          rows={3}
          maxLength={16_000}
          value={content}
          onChange={({ target }) => setContent(target.value)}
        />
        <div className="flex flex-wrap items-end gap-2">
          <Select
            label={a('widgetLanguage')}
            value={language}
            onChange={setLanguage}
            options={languageOptions()}
          />
          <Button disabled={!ready} onClick={() => void run(false)}>
            {a('tryPrompt')}
          </Button>
          <Button kind="main" disabled={!ready} onClick={() => void run(true)}>
            {a('tryAnswer')}
          </Button>
        </div>
        {busy && <Progress label={w('working')} />}
        <Alert>{refused}</Alert>
      </Panel>
      {tried && <Outcome tried={tried} />}
    </div>
  );
}

function Outcome({ tried: { prompt, passages, tokens, tokens_by_part, answer } }: { tried: Tried }) {
  return (
    <>
      {answer !== null && (
        <Panel title={a('answer')}>
          <Markdown text={answer} />
        </Panel>
      )}
      <Panel title={a('passages')}>
        {passages.length === 0 && <p className="text-sm text-muted">{a('noPassages')}</p>}
        <ul className="grid gap-2 text-sm">
          {passages.map(({ faq_id, question, similarity }) => (
            <li key={faq_id} className="flex justify-between gap-3">
              <Link
                to={`/knowledge/${faq_id}`}
                className="min-w-0 wrap-anywhere text-accent underline underline-offset-2"
              >
                {question}
              </Link>
              <span className="text-muted tabular-nums">{number(similarity, 2)}</span>
            </li>
          ))}
        </ul>
      </Panel>
      <Panel title={a('prompt')}>
        <p className="text-sm text-muted">{a('tokensIs', { tokens, ...tokens_by_part })}</p>
        {prompt.map(({ role, content }, i) => (
          // A prompt is shown as a whole, never changed in part.
          // oxlint-disable-next-line react/no-array-index-key
          <details key={i} open={i > 0}>
            <summary className="cursor-pointer text-sm font-medium">{role}</summary>
            <p className="mt-1 max-h-72 overflow-auto rounded-xl bg-sunken p-3 text-sm whitespace-pre-wrap wrap-anywhere">
              {content}
            </p>
          </details>
        ))}
      </Panel>
    </>
  );
}
