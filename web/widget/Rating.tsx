/** @jsxRuntime classic */
/** @jsx h */
import { h } from 'preact';
import { useState } from 'preact/hooks';
import type { Talk } from './talk.ts';
import { words } from './words.ts';

const STAR = 'M12 4l2.5 5.2 5.7.8-4.1 4 1 5.7-5.1-2.7-5.1 2.7 1-5.7-4.1-4 5.7-.8z';

/** Asks how the talk was, at its end. */
export function Rating({ talk, onDone }: { talk: Talk; onDone: () => void }) {
  const [failed, setFailed] = useState(false);
  const rate = (score: number) =>
    talk.score(score).then(
      (isShown) => isShown && onDone(),
      () => setFailed(true),
    );
  return (
    <section class="ending" aria-label={words.how}>
      <p>{words.how}</p>
      {failed && <p role="alert">{words.unrated}</p>}
      <div dir="ltr">
        {[1, 2, 3, 4, 5].map((n) => (
          <button
            key={n}
            type="button"
            aria-label={words.score.replace('{n}', String(n))}
            onClick={() => void rate(n)}
          >
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d={STAR} />
            </svg>
          </button>
        ))}
      </div>
      <button
        type="button"
        class="link"
        onClick={() => {
          talk.skip();
          onDone();
        }}
      >
        {words.skip}
      </button>
    </section>
  );
}
