import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { number } from '../../../shared/words.ts';
import { languageName } from '../../shared/languages.ts';
import { Panel } from '../../shared/Page.tsx';
import type { Figures } from '../../types.ts';
import { t } from './words.ts';

/** How long people wait: the median and the slowest. */
export function Speed({ figures: { speed } }: { figures: Figures }) {
  const ms = (value: number | null) => (value === null ? '–' : `${number(value)} ms`);
  return (
    <Panel title={t('speed')}>
      <Rows
        label={t('speed')}
        head={[t('measure'), t('median'), t('slow'), t('slowest')]}
        rows={(
          [
            ['first_token', speed.first_token_ms],
            ['answer', speed.answer_ms],
            ['waited', speed.waited_ms],
          ] as const
        ).map(([name, { p50, p95, p99 }]) => [t(name), ms(p50), ms(p95), ms(p99)])}
      />
    </Panel>
  );
}

export function Top({ figures: { top } }: { figures: Figures }) {
  return (
    <>
      <Panel title={t('topFaqs')}>
        <Rows
          label={t('topFaqs')}
          head={[t('question'), t('uses')]}
          rows={top.faqs.map(({ faq_id, question, uses }) => [
            <Link key={faq_id} to={`/knowledge/${faq_id}`} className="underline-offset-2 hover:underline">
              {question}
            </Link>,
            number(uses),
          ])}
        />
      </Panel>
      <Panel title={t('topLanguages')}>
        <Rows
          label={t('topLanguages')}
          head={[t('language'), t('messages_in')]}
          rows={top.languages.map((one) => [languageName(one.language), number(one.messages)])}
        />
      </Panel>
      <Panel title={t('topModels')}>
        <Rows
          label={t('topModels')}
          head={[t('model'), t('answers'), t('tokens')]}
          rows={top.models.map(({ model, answers, tokens }) => [model, number(answers), number(tokens)])}
        />
      </Panel>
    </>
  );
}

export function Rows({ label, head, rows }: { label: string; head: string[]; rows: ReactNode[][] }) {
  if (rows.length === 0) return <p className="text-sm text-muted">{t('emptyPart')}</p>;
  return (
    <table aria-label={label} className="w-full text-sm">
      <thead className="text-muted">
        <tr>
          {head.map((name, i) => (
            <th
              key={name}
              scope="col"
              className={`py-1.5 font-medium ${i === 0 ? 'text-start' : 'ps-3 text-end'}`}
            >
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((cells, row) => (
          // Rows have no other name, and do not move.
          // oxlint-disable-next-line react/no-array-index-key
          <tr key={row} className="border-t border-line">
            {cells.map((cell, i) => (
              <td
                key={head[i]}
                className={`py-1.5 ${i === 0 ? 'wrap-anywhere' : 'ps-3 text-end whitespace-nowrap tabular-nums'}`}
              >
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
