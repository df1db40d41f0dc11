import { type KeyboardEvent, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useTheme } from '../../shared/theme.ts';

export type Line = { name: string; values: (number | null)[]; dashed?: boolean };
const HEIGHT = 220;
/** One colour a line, by the scheme; told apart by dashes as well. */
const COLOURS = ['--accent', '--chart-2', '--chart-3', '--danger'];

/**
 * Lines over time. The pointer and the arrow keys choose a place; its values stand above the lines and are read out.
 * @param times in seconds since 1970
 * @param write writes a value
 * @param least what the scale reaches at least: counts have no parts
 */
export function Chart({
  label,
  help,
  times,
  lines,
  write,
  writeTime,
  least = 1,
}: {
  label: string;
  help: string;
  times: number[];
  lines: Line[];
  write: (value: number) => string;
  writeTime: (seconds: number) => string;
  least?: number;
}) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [at, setAt] = useState<number>();
  const scheme = useScheme();
  useEffect(() => {
    const place = box.current;
    if (place === null) return;
    const style = getComputedStyle(place);
    const colour = (name: string) => style.getPropertyValue(name).trim() || style.color;
    const axis = {
      stroke: resolved(place, '--muted'),
      grid: { stroke: resolved(place, '--line'), width: 1 },
      ticks: { show: false },
      font: `12px ${colour('--font-sans') || 'sans-serif'}`,
    };
    const made = new uPlot(
      {
        width: place.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
        scales: {
          x: { time: true },
          y: { range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(high ?? 0, least) || 1] },
        },
        axes: [
          { ...axis, values: (_, splits) => splits.map((one) => writeTime(one)), space: 80, size: 32 },
          { ...axis, size: 76, values: (_, splits) => splits.map((one) => write(one)) },
        ],
        series: [
          {},
          ...lines.map((line, i) => ({
            label: line.name,
            stroke: resolved(place, COLOURS[i % COLOURS.length] ?? '--accent'),
            width: 2,
            points: { show: times.length === 1 },
            ...(line.dashed && { dash: [6, 4] }),
          })),
        ],
        hooks: { setCursor: [({ cursor }) => setAt(cursor.idx ?? undefined)] },
      },
      [times, ...lines.map(({ values }) => values)],
      place,
    );
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: place.clientWidth, height: HEIGHT }));
    watch.observe(place);
    return () => {
      watch.disconnect();
      made.destroy();
    };
    // `write` and `writeTime` are new at each render and say the same.
  }, [times, lines, scheme]);
  const onKeyDown = (event: KeyboardEvent) => {
    const last = times.length - 1;
    const steps: Record<string, number> = {
      ArrowLeft: (at ?? last + 1) - 1,
      ArrowRight: (at ?? -1) + 1,
      Home: 0,
      End: last,
    };
    const wanted = steps[event.key];
    if (wanted === undefined || plot.current === undefined) return;
    event.preventDefault();
    const next = Math.min(Math.max(wanted, 0), last);
    plot.current.setCursor({ left: plot.current.valToPos(times[next] ?? 0, 'x'), top: 10 });
  };
  return (
    <figure className="grid gap-2">
      <figcaption className="flex min-h-6 flex-wrap items-center gap-x-4 gap-y-1 text-sm">
        <span aria-live="polite" className="flex flex-wrap gap-x-4 gap-y-1">
          {at !== undefined && <span className="font-medium">{writeTime(times[at] ?? 0)}</span>}
          {lines.map(({ name, values, dashed }, i) => {
            const value = at === undefined ? undefined : values[at];
            return (
              <span key={name} className="inline-flex items-center gap-1.5">
                <svg viewBox="0 0 18 4" className={`h-1 w-4.5 ${TEXT[i % TEXT.length]}`} aria-hidden="true">
                  <path
                    d="M0 2h18"
                    stroke="currentColor"
                    strokeWidth="3"
                    strokeDasharray={dashed ? '5 3' : undefined}
                  />
                </svg>
                {name}
                {value !== undefined && value !== null && <b className="tabular-nums">{write(value)}</b>}
              </span>
            );
          })}
        </span>
      </figcaption>
      {/* The arrow keys move its cursor. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/no-noninteractive-tabindex */}
      <div
        ref={box}
        role="img"
        aria-label={`${label}. ${help}`}
        tabIndex={0}
        onKeyDown={onKeyDown}
        className="min-w-0"
      />
    </figure>
  );
}

const TEXT = ['text-accent', 'text-chart-2', 'text-chart-3', 'text-danger'];

/** Returns a colour of the page as the canvas takes it, which knows no `light-dark()`. */
function resolved(place: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Changes when the colours of the page do. */
function useScheme(): string {
  const dark = useSyncExternalStore(
    (listener) => {
      DARK.addEventListener('change', listener);
      return () => DARK.removeEventListener('change', listener);
    },
    () => DARK.matches,
  );
  return `${useTheme()} ${dark}`;
}
const DARK = matchMedia('(prefers-color-scheme: dark)');
