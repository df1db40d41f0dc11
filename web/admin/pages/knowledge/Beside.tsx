import { useState } from 'react';
import { Link } from 'react-router';
import { Markdown } from '../../../shared/markdown/Markdown.tsx';
import { number } from '../../../shared/words.ts';
import { useGet } from '../../data/api.ts';
import { languageName } from '../../shared/languages.ts';
import { LinkButton } from '../../shared/LinkButton.tsx';
import { Fact, Panel } from '../../shared/Page.tsx';
import { useDebounced } from '../../shared/useDebounced.ts';
import { StatusBadge } from './Badges.tsx';
import type { Asked, Faq, State } from './data.ts';
import { k } from './words.ts';

/** Names FAQs that a search for the question finds, as it is typed. */
export function Similar({
  question,
  language,
  of,
}: {
  question: string;
  language: string;
  /** The FAQ itself, or the one that it translates: its other languages say the same on purpose. */
  of: Faq | undefined;
}) {
  const root = of && (of.translation_of ?? of.id);
  const family = useGet<{ data: Faq[] }>('/faqs', { of: root }, { enabled: root !== undefined });
  const known = new Set([root, of?.id, ...(family.data?.data ?? []).map(({ id }) => id)]);
  const q = useDebounced(question.trim());
  const { data } = useGet<Asked>(
    '/faqs/ask',
    { q, language, limit: 6 },
    { enabled: q.length > 3, keep: true },
  );
  if (data === undefined || q.length <= 3 || family.isLoading) return null;
  const near = data.data.filter(({ id, found }) => found && !known.has(id)).slice(0, 5);
  if (near.length === 0) return <p className="text-sm text-muted">{k('noSimilar')}</p>;
  return (
    <Panel title={k('similar')}>
      <p className="text-sm text-muted">{k('similarWhy')}</p>
      <ul className="grid gap-2 text-sm">
        {near.map(({ id, question: text, similarity, language: tag }) => (
          <li key={id} className="flex justify-between gap-3">
            <Link
              to={`/knowledge/${id}`}
              className="min-w-0 wrap-anywhere text-accent underline underline-offset-2"
            >
              {text}
            </Link>
            <span className="shrink-0 text-muted tabular-nums">
              {languageName(tag)} · {number(similarity, 2)}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** Whether the FAQ can be found yet, and how often it served. */
export function StatePanel({ faq }: { faq: Faq }) {
  const [ready, setReady] = useState(false);
  const { data } = useGet<State>(`/faqs/${faq.id}/state`, {}, ready ? {} : { every: 3_000 });
  if (data && data.embedding !== 'waiting' && !ready) setReady(true);
  return (
    <Panel title={k('state')}>
      <dl className="grid gap-2 text-sm tabular-nums">
        <Fact name={k('embedding')}>{data ? k(data.embedding) : '…'}</Fact>
        <Fact name={k('uses')}>{data ? number(data.uses) : '…'}</Fact>
        <Fact name={k('views')}>{number(faq.view_count)}</Fact>
        <Fact name={k('helpful')}>{number(faq.helpful_count)}</Fact>
        <Fact name={k('notHelpful')}>{number(faq.not_helpful_count)}</Fact>
      </dl>
    </Panel>
  );
}

const TRANSLATED = ['en', 'de'];

/** The same FAQ in other languages, beside this one. @param isNew whether `faq` is what a new one translates */
export function Languages({ faq, isNew }: { faq: Faq; isNew: boolean }) {
  const root = faq.translation_of ?? faq.id;
  const { data } = useGet<{ data: Faq[] }>('/faqs', { of: root });
  const all = data?.data ?? [];
  const others = isNew ? all : all.filter(({ id }) => id !== faq.id);
  const missing = TRANSLATED.filter((tag) => !all.some(({ language }) => language === tag));
  return (
    <Panel title={k('languages')}>
      {others.length === 0 && <p className="text-sm text-muted">{k('noOthers')}</p>}
      {others.map((other) => (
        <article key={other.id} lang={other.language} className="grid gap-2 rounded-xl bg-sunken p-3 text-sm">
          <p className="flex flex-wrap items-center gap-2">
            <span className="font-medium">{languageName(other.language)}</span>
            <StatusBadge status={other.status} />
            {other.id === root && <span className="text-muted">{k('original')}</span>}
          </p>
          <Link
            to={`/knowledge/${other.id}`}
            className="font-medium wrap-anywhere underline-offset-2 hover:underline"
          >
            {other.question}
          </Link>
          <Markdown text={other.answer} />
        </article>
      ))}
      {!isNew && (
        <div className="flex flex-wrap gap-2">
          {missing.map((tag) => (
            <LinkButton key={tag} to={`/knowledge/new?of=${root}&language=${tag}`}>
              {k('translate', { language: languageName(tag) })}
            </LinkButton>
          ))}
        </div>
      )}
    </Panel>
  );
}
