import { type ReactNode, useEffect, useLayoutEffect, useRef } from 'react';
import { useLocation } from 'react-router';

/** How far each entry of the history was scrolled, so that going back shows the same rows. */
const places = new Map<string, number>();

/**
 * A page of the panel: its title, its main acts, and what scrolls below.
 * @param fill whether the page fills the height and scrolls in its own parts
 */
export function Page({
  title,
  actions,
  fill = false,
  children,
}: {
  title: string;
  actions?: ReactNode;
  fill?: boolean;
  children?: ReactNode;
}) {
  const { key } = useLocation();
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    document.title = `${title} · Parley`;
  }, [title]);
  useLayoutEffect(() => {
    const main = box.current;
    main?.scrollTo(0, places.get(key) ?? 0);
    return () => void places.set(key, main?.scrollTop ?? 0);
  }, [key]);
  return (
    <main
      ref={box}
      className={`grid min-h-0 min-w-0 grid-cols-[minmax(0,1fr)] ${fill ? 'grid-rows-[max-content_minmax(0,1fr)]' : 'auto-rows-max content-start overflow-y-auto scroll-py-2'}`}
    >
      <header className="flex min-h-14 flex-wrap items-center justify-between gap-x-4 gap-y-2 border-b border-line px-4 py-2 lg:px-6">
        <h1 className="text-lg font-semibold">{title}</h1>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {fill ? children : <div className="grid grid-cols-[minmax(0,1fr)] gap-6 p-4 lg:p-6">{children}</div>}
    </main>
  );
}

/** A titled part of a page. */
export function Panel({
  title,
  actions,
  children,
}: {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section
      aria-label={title}
      className="grid grid-cols-[minmax(0,1fr)] content-start gap-3 rounded-xl border border-line p-4 lg:p-5"
    >
      <div className="flex min-h-8 items-start justify-between gap-2">
        <h2 className="pt-1 font-semibold">{title}</h2>
        {actions && <div className="shrink-0">{actions}</div>}
      </div>
      {children}
    </section>
  );
}

/** A name and its value, in a list of such pairs (`dl`). */
export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex justify-between gap-4">
      <dt className="text-muted">{name}</dt>
      <dd className="text-end wrap-anywhere">{children}</dd>
    </div>
  );
}
