import { useRef } from 'react';

/**
 * Tells screen readers how many a search or a filter has found. What is there before the first search is not news.
 * @param asked what the list is of now: the words or filters
 * @param text undefined until the list has come
 */
export function Found({ asked, text }: { asked: string; text: string | undefined }) {
  const untold = useRef<string | null>(asked);
  if (asked !== untold.current) untold.current = null;
  return (
    <p role="status" className="sr-only">
      {untold.current === null ? text : ''}
    </p>
  );
}
