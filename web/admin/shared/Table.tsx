import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { Button } from '../../shared/controls.tsx';
import { Found } from '../../shared/Found.tsx';
import type { List } from '../data/api.ts';
import { w } from '../words.ts';
import { ErrorState, Loading } from './states.tsx';

export type Column<Row> = {
  head: string;
  cell: (row: Row) => ReactNode;
  /** Numbers stand at the end of their column. */
  number?: boolean;
  /** Left out on a tablet and on a phone. */
  wide?: boolean;
};

/**
 * A list of the API as a table, page by page.
 * @param link where a row leads: its first cell is the link, and the whole row takes a click
 * @param empty what to show when there is no row
 */
export function Table<Row extends { id: number | string }>(props: Props<Row>) {
  const { isPending, isPlaceholderData, error, asked, list } = props.list;
  const hasCome = !isPending && !isPlaceholderData && error === null;
  const text = hasCome ? w('shown', { n: list.length }) : undefined;
  return (
    <>
      <Found asked={asked} text={text} />
      <Rows {...props} />
    </>
  );
}

type Props<Row> = {
  label: string;
  list: List<Row>;
  columns: Column<Row>[];
  link?: (row: Row) => string;
  empty: ReactNode;
};

function Rows<Row extends { id: number | string }>({ label, list, columns, link, empty }: Props<Row>) {
  if (list.error !== null && list.list.length === 0)
    return <ErrorState error={list.error} again={list.refetch} />;
  if (list.isPending) return <Loading />;
  if (list.list.length === 0) return empty;
  const shape = ({ number = false, wide = false }: Column<Row>) =>
    `px-3 py-2.5 ${number ? 'text-end whitespace-nowrap tabular-nums' : 'text-start'} ${wide ? 'max-lg:hidden' : ''}`;
  return (
    <div className={`grid gap-3 ${list.isPlaceholderData ? 'opacity-60' : ''}`}>
      {/* A wide table scrolls by itself; the keyboard must reach it. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div
        className="stacks overflow-x-auto rounded-2xl border border-line"
        role="region"
        aria-label={label}
        tabIndex={0}
      >
        <table role="table" aria-label={label} className="w-full text-sm">
          <thead role="rowgroup" className="bg-sunken text-muted">
            <tr role="row">
              {columns.map((column) => (
                <th
                  role="columnheader"
                  key={column.head}
                  scope="col"
                  className={`font-medium ${shape(column)}`}
                >
                  {column.head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {list.list.map((row) => (
              <tr
                role="row"
                key={row.id}
                className={`relative border-t border-line ${link ? 'hover:bg-sunken' : ''}`}
              >
                {columns.map((column, i) => (
                  <td
                    role="cell"
                    key={column.head}
                    data-name={column.head}
                    className={`wrap-break-word ${shape(column)}`}
                  >
                    {i === 0 && link ? (
                      <Link to={link(row)} className="font-medium after:absolute after:inset-0">
                        {column.cell(row)}
                      </Link>
                    ) : (
                      column.cell(row)
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="flex items-center justify-between gap-4 text-sm text-muted">
        <p>{w('shown', { n: list.list.length })}</p>
        {list.hasNextPage && (
          <Button kind="quiet" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {w('more')}
          </Button>
        )}
      </div>
    </div>
  );
}
