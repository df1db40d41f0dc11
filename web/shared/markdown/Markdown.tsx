import type { Token, Tokens } from 'marked';
import { Fragment, memo, type ReactNode, useState } from 'react';
import type { Source } from '../../sdk/types.ts';
import { t } from '../words.ts';
import { Blocks, safeHref, unescaped } from './blocks.ts';
import { CodeBlock } from './CodeBlock.tsx';

type Citing = { sources: Source[]; open: (source: Source) => void };
const NONE: Citing = { sources: [], open: () => {} };
/** Deeper lists and quotes are shown as text. */
const MAX_DEPTH = 12;

/** Shows markdown as elements of React. HTML in it is shown as text, pictures as their descriptions. */
export function Markdown({ text, citing = NONE }: { text: string; citing?: Citing }) {
  const [blocks] = useState(() => new Blocks());
  return (
    <div className="prose">
      {blocks.of(text).map(({ raw, token }, i) => (
        // Blocks only change at the end.
        // oxlint-disable-next-line react/no-array-index-key
        <Block key={i} raw={raw} token={token} citing={citing} />
      ))}
    </div>
  );
}

const Block = memo(
  ({ token, citing }: { raw: string; token: Token; citing: Citing }) => <>{block(token, citing, 0)}</>,
  (before, after) => before.raw === after.raw && before.citing.sources === after.citing.sources,
);

function block(token: Token, citing: Citing, depth: number): ReactNode {
  if (depth > MAX_DEPTH) return <p>{token.raw}</p>;
  switch (token.type) {
    case 'space':
    case 'def':
      return null;
    case 'hr':
      return <hr />;
    case 'heading': {
      // The page has its own first headings.
      const level = Math.min(6, (token as Tokens.Heading).depth + 2);
      const Heading = `h${level}` as 'h3';
      return <Heading dir="auto">{inline(token.tokens, citing, depth)}</Heading>;
    }
    case 'code':
      return <CodeBlock text={token.text as string} language={(token as Tokens.Code).lang ?? ''} />;
    case 'blockquote':
      return <blockquote dir={directionOf(token.raw)}>{blocksOf(token.tokens, citing, depth)}</blockquote>;
    case 'list':
      return list(token as Tokens.List, citing, depth);
    case 'table':
      return table(token as Tokens.Table, citing, depth);
    case 'paragraph':
      return <p dir="auto">{inline(token.tokens, citing, depth)}</p>;
    case 'text':
      return token.tokens ? (
        <p dir="auto">{inline(token.tokens, citing, depth)}</p>
      ) : (
        <p className="whitespace-pre-wrap">{token.text}</p>
      );
    default:
      return <p className="whitespace-pre-wrap">{token.raw}</p>;
  }
}

function blocksOf(tokens: Token[] | undefined, citing: Citing, depth: number): ReactNode {
  return tokens?.map((token, i) => <Fragment key={i}>{block(token, citing, depth + 1)}</Fragment>);
}

function list({ raw, ordered, start, items, loose }: Tokens.List, citing: Citing, depth: number): ReactNode {
  const entries = items.map((item, i) => (
    <li key={i}>
      {item.task && (
        <input type="checkbox" checked={item.checked ?? false} readOnly disabled className="me-2" />
      )}
      {item.tokens.map((token, j) => (
        <Fragment key={j}>
          {token.type === 'text' && !loose
            ? inline((token as Tokens.Text).tokens ?? [token], citing, depth)
            : block(token, citing, depth + 1)}
        </Fragment>
      ))}
    </li>
  ));
  const dir = directionOf(raw);
  return ordered ? (
    <ol dir={dir} start={start === '' ? 1 : start}>
      {entries}
    </ol>
  ) : (
    <ul dir={dir}>{entries}</ul>
  );
}

/** Returns the direction of the first letter, as `dir="auto"` would. Around paragraphs with `auto`, `auto` ignores them. */
function directionOf(text: string): 'ltr' | 'rtl' {
  const [first] = /\p{L}/u.exec(text) ?? [];
  return first !== undefined && /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]/.test(first) ? 'rtl' : 'ltr';
}

function table({ raw, header, rows }: Tokens.Table, citing: Citing, depth: number): ReactNode {
  return (
    // Somebody without a mouse scrolls a wide table by the arrow keys.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div
      className="overflow-x-auto rounded-xl border border-line"
      role="region"
      aria-label={t('reply.table')}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
    >
      <table dir={directionOf(raw)}>
        <thead>
          <tr>
            {header.map((cell, i) => (
              <th key={i} data-align={cell.align}>
                {inline(cell.tokens, citing, depth)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>
              {row.map((cell, j) => (
                <td key={j} data-align={cell.align}>
                  {inline(cell.tokens, citing, depth)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function inline(tokens: Token[] | undefined, citing: Citing, depth: number): ReactNode {
  if (depth > MAX_DEPTH) return tokens?.map(({ raw }) => raw).join('');
  return tokens?.map((token, i) => <Fragment key={i}>{span(token, citing, depth + 1)}</Fragment>);
}

function span(token: Token, citing: Citing, depth: number): ReactNode {
  switch (token.type) {
    case 'strong':
      return <strong>{inline(token.tokens, citing, depth)}</strong>;
    case 'em':
      return <em>{inline(token.tokens, citing, depth)}</em>;
    case 'del':
      return <del>{inline(token.tokens, citing, depth)}</del>;
    case 'codespan':
      return <code>{token.text}</code>;
    case 'br':
      return <br />;
    case 'link':
      return link(token as Tokens.Link, citing, depth);
    case 'image':
      return <span className="text-muted">{t('reply.image', { alt: token.text as string })}</span>;
    case 'escape':
      return token.text as string;
    case 'text':
      return token.tokens
        ? inline(token.tokens, citing, depth)
        : cited(unescaped(token.text as string), citing);
    default:
      return token.raw;
  }
}

function link({ href, tokens }: Tokens.Link, citing: Citing, depth: number): ReactNode {
  const safe = safeHref(href);
  const content = inline(tokens, citing, depth);
  if (safe === undefined) return content;
  return (
    <a href={safe} target="_blank" rel="noopener noreferrer nofollow">
      {content}
    </a>
  );
}

/** Turns `[12]` into a button that opens the source, where the answer has such a source. */
function cited(text: string, { sources, open }: Citing): ReactNode {
  if (sources.length === 0) return text;
  return text.split(/(\[\d+\])/).map((part, i) => {
    const index = sources.findIndex(({ faq_id }) => part === `[${faq_id}]`);
    const source = sources[index];
    if (source === undefined) return part;
    return (
      <button
        key={i}
        type="button"
        aria-label={t('reply.source', { n: index + 1, question: source.question })}
        className="mx-0.5 inline-flex size-6 items-center justify-center rounded-full bg-raised align-middle text-xs font-semibold text-accent hover:bg-line"
        onClick={() => open(source)}
      >
        {index + 1}
      </button>
    );
  });
}
