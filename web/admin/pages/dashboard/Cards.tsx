import { locale } from '../../../shared/words.ts';
import type { Figures, Quality, Totals } from '../../types.ts';
import { t } from './words.ts';

type Shown = { totals: Totals; quality: Quality };
type Card = {
  name: Parameters<typeof t>[0];
  /** The value and what it was before; null: there is none. */
  of: (shown: Shown) => number | null;
  write?: (value: number, shown: Shown) => string;
  note?: (shown: Shown) => string | undefined;
  /** Whether more is better (1), worse (-1) or neither (0). */
  good?: 1 | -1 | 0;
};

const percent = (value: number) =>
  new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: 1 }).format(value);
const count = (value: number) =>
  new Intl.NumberFormat(locale(), {
    notation: value >= 100_000 ? 'compact' : 'standard',
    maximumFractionDigits: 1,
  }).format(value);
const money = (value: number, { totals }: Shown) =>
  new Intl.NumberFormat(locale(), {
    style: 'currency',
    currency: totals.cost?.currency ?? 'USD',
    maximumSignificantDigits: 3,
  }).format(value);

const VOLUME: Card[] = [
  { name: 'conversations', of: ({ totals }) => totals.conversations, good: 1 },
  { name: 'messages_in', of: ({ totals }) => totals.messages_in, good: 0 },
  { name: 'answers', of: ({ totals }) => totals.answers, good: 0 },
  { name: 'users_active', of: ({ totals }) => totals.users_active, good: 1 },
  { name: 'users_new', of: ({ totals }) => totals.users_new, good: 1 },
  { name: 'tokens', of: ({ totals }) => totals.tokens.total, good: 0 },
  {
    name: 'cost',
    of: ({ totals }) => totals.cost?.amount ?? null,
    write: money,
    note: ({ totals: { cost } }) => {
      if (cost === null) return t('noPrices');
      return cost.unpriced_tokens === 0 ? undefined : t('unpriced', { n: cost.unpriced_tokens });
    },
    good: -1,
  },
  { name: 'cost_per_resolution', of: ({ quality }) => quality.cost_per_resolution, write: money, good: -1 },
];
const QUALITY: Card[] = [
  {
    name: 'resolution_rate',
    of: ({ quality }) => quality.resolution_rate,
    write: percent,
    note: ({ quality }) => t('resolution_rateOf', { n: quality.involved }),
    good: 1,
  },
  {
    name: 'coverage',
    of: ({ quality }) => quality.coverage,
    write: percent,
    note: ({ quality }) => t('coverageOf', { n: quality.began }),
    good: 1,
  },
  {
    name: 'handoff_rate',
    of: ({ quality }) => quality.handoff_rate,
    write: percent,
    note: ({ quality }) => t('resolution_rateOf', { n: quality.involved }),
    good: -1,
  },
  {
    name: 'csat',
    of: ({ quality }) => quality.csat.average,
    write: (value) => value.toLocaleString(locale(), { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
    note: ({ quality }) => t('csatOf', { n: quality.csat.ratings }),
    good: 1,
  },
  { name: 'from_knowledge', of: ({ quality }) => quality.from_knowledge, good: 1 },
  { name: 'unanswered', of: ({ quality }) => quality.unanswered, good: -1 },
  { name: 'handoffs', of: ({ totals }) => totals.handoffs, good: -1 },
  { name: 'resolved_by_agent', of: ({ quality }) => quality.resolved_by_agent, good: 0 },
  { name: 'reopened', of: ({ quality }) => quality.reopened, good: -1 },
  { name: 'pending', of: ({ quality }) => quality.pending, good: 0 },
  { name: 'rated_up', of: ({ quality }) => quality.rated_up, good: 1 },
  { name: 'rated_down', of: ({ quality }) => quality.rated_down, good: -1 },
];

/** The figures, each with that of the range before. */
export function Cards({ figures }: { figures: Figures }) {
  return (
    <div className="grid gap-6">
      {(
        [
          ['volume', VOLUME],
          ['quality', QUALITY],
        ] as const
      ).map(([name, cards]) => (
        <section key={name} aria-label={t(name)} className="grid gap-3">
          <h2 className="font-semibold">{t(name)}</h2>
          <dl className="grid grid-cols-2 gap-3 md:grid-cols-4">
            {cards.map((card) => (
              <CardOf key={card.name} card={card} figures={figures} />
            ))}
          </dl>
        </section>
      ))}
    </div>
  );
}

function CardOf({
  card: { name, of, write = count, note, good = 0 },
  figures,
}: {
  card: Card;
  figures: Figures;
}) {
  const [now, then] = [of(figures), of(figures.previous)];
  const text = note?.(figures);
  return (
    <div className="flex flex-col gap-0.5 rounded-xl border border-line px-4 py-3">
      <dt className="text-sm text-muted">{t(name)}</dt>
      <dd className="text-2xl font-semibold tabular-nums">{now === null ? '–' : write(now, figures)}</dd>
      <dd className="flex flex-wrap items-baseline gap-x-2 text-xs text-muted">
        {now !== null && then !== null && then !== 0 && (
          <Change now={now} then={then} good={good} points={write === percent} />
        )}
        {then !== null && <span>{t('before', { value: write(then, figures.previous) })}</span>}
        {text !== undefined && <span>{text}</span>}
      </dd>
    </div>
  );
}

/** Shares that grow tenfold or more say only that there was next to nothing before. */
const MOST = 10;

/** How a figure has changed: a rate by points, all else by its share. */
export function Change({
  now,
  then,
  good,
  points = false,
}: {
  now: number;
  then: number;
  good: 1 | -1 | 0;
  points?: boolean;
}) {
  const change = points ? now - then : (now - then) / Math.abs(then);
  if (now === then || (!points && (then === 0 || change >= MOST))) return null;
  const better = change * good;
  const text = points
    ? t('points', {
        n: (change * 100).toLocaleString(locale(), { signDisplay: 'exceptZero', maximumFractionDigits: 1 }),
      })
    : new Intl.NumberFormat(locale(), {
        style: 'percent',
        signDisplay: 'exceptZero',
        maximumFractionDigits: Math.abs(change) < 0.1 ? 1 : 0,
      }).format(change);
  return (
    <span
      className={`font-medium tabular-nums ${better > 0 ? 'text-accent' : better < 0 ? 'text-danger' : 'text-muted'}`}
    >
      {text.replace('-', '−')}
    </span>
  );
}
