import { type ReactNode, useEffect, useRef } from 'react';
import { Icon } from '../Icon.tsx';

/** Whether the browser has shown such a page before: it reads the first one by itself. */
let isLater = false;

/** The page around a form for people who are not signed in. */
export function Frame({ title, lead, children }: { title: string; lead?: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Parley`;
  }, [title]);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // The focus has screen readers announce the new page.
    if (isLater) heading.current?.focus();
    isLater = true;
  }, []);
  return (
    <main className="grid min-h-dvh place-items-center bg-sunken px-4 py-10">
      <div className="grid w-full max-w-sm gap-6 rounded-2xl border border-line bg-paper p-6 sm:p-8">
        <div className="grid gap-2">
          <p className="flex items-center gap-2 font-semibold text-accent">
            <Icon name="chat" /> Parley
          </p>
          <h1 ref={heading} tabIndex={-1} className="text-2xl font-semibold outline-none">
            {title}
          </h1>
          {lead && <p className="text-muted">{lead}</p>}
        </div>
        {children}
      </div>
    </main>
  );
}
