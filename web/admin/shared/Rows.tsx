import type { ReactNode } from 'react';

/**
 * A small table whose rows are all there. Columns from the second on may be numbers, of which two always have room.
 * @param tall whether there may be many rows
 */
export function Rows({
  label,
  head,
  rows,
  numbers = false,
  tall = false,
}: {
  label: string;
  head: string[];
  rows: { key: string; cells: ReactNode[] }[];
  numbers?: boolean;
  tall?: boolean;
}) {
  const stacks = !numbers || head.length > 3;
  const side = (i: number) => (numbers && i > 0 ? 'text-end tabular-nums' : 'text-start');
  return (
    // A wide or long table scrolls by itself; the keyboard must reach it.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div
      className={`${tall ? 'max-h-96 overflow-auto' : 'overflow-x-auto'} ${stacks ? 'stacks' : ''}`}
      role="region"
      aria-label={label}
      tabIndex={0}
    >
      <table role="table" aria-label={label} className="w-full text-sm">
        <thead role="rowgroup" className="text-muted">
          <tr role="row">
            {head.map((name, i) => (
              <th
                role="columnheader"
                key={name}
                scope="col"
                className={`py-1.5 pe-3 font-medium last:pe-0 ${side(i)}`}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map(({ key, cells }) => (
            <tr role="row" key={key} className="border-t border-line align-top">
              {cells.map((cell, i) => (
                <td
                  role="cell"
                  key={head[i]}
                  data-name={head[i]}
                  className={`py-1.5 pe-3 wrap-break-word last:pe-0 ${side(i)}`}
                >
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
