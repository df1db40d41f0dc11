import { type UIEvent, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';

/** Within this distance of the end the view follows what is added. Further up somebody is reading. */
const NEAR_END = 40;
/** Within this distance of the beginning older messages are loaded. */
const NEAR_START = 600;
/** Whether the browser keeps the scroll position; Safari does not. */
const HOLDS = CSS.supports('overflow-anchor', 'auto');

/**
 * Keeps a scrolled view where its reader wants it: at the end, or where it is.
 * @param first the first message shown: it changes when older ones were added
 * @param older loads older messages
 */
export function useScroll(first: number | undefined, older: () => void) {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  /** Distance of the view from the end of the content. */
  const fromEnd = useRef(0);
  /** Scroll position at the last event. */
  const top = useRef(0);
  const [atEnd, setAtEnd] = useState(true);

  const toEnd = useCallback(() => {
    following.current = true;
    setAtEnd(true);
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  }, []);

  useEffect(() => {
    if (!box.current || !content.current) return;
    const observer = new ResizeObserver((changes) => {
      const isRoom = changes.some(({ target }) => target === box.current);
      // The keyboard of a phone takes room: the question that is being changed stays in sight.
      const changed = isRoom && content.current?.querySelector('textarea:focus')?.closest('article');
      if (changed) changed.scrollIntoView({ block: 'nearest' });
      else if (following.current && box.current) box.current.scrollTop = box.current.scrollHeight;
    });
    observer.observe(content.current);
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const view = box.current;
    // Most browsers keep the scroll position themselves, except at the very top.
    if (view && !following.current && (!HOLDS || view.scrollTop === 0))
      view.scrollTop = view.scrollHeight - fromEnd.current;
  }, [first]);

  const onScroll = ({ currentTarget: view }: UIEvent) => {
    const left = view.scrollHeight - view.scrollTop - view.clientHeight;
    // Content that grows below does not leave the end; scrolling up does.
    following.current = left < NEAR_END || (following.current && view.scrollTop >= top.current);
    top.current = view.scrollTop;
    fromEnd.current = view.scrollHeight - view.scrollTop;
    setAtEnd(following.current);
    if (view.scrollTop < NEAR_START) older();
  };
  return { box, content, atEnd, toEnd, onScroll };
}
