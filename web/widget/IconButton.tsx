/** @jsxRuntime classic */
/** @jsx h */
import { h } from 'preact';
import { words } from './words.ts';

const SHAPES = {
  close: 'M6 6l12 12M18 6L6 18',
  send: 'M12 19V5M6 11l6-6 6 6',
  stop: 'M7 7h10v10H7z',
  fresh: 'M12 5v14M5 12h14',
  ask: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 20c1-4 4-6 8-6s7 2 8 6',
  good: 'M7 11v9H4v-9zM7 11l4-8a2 2 0 0 1 3 2l-1 4h5a2 2 0 0 1 2 2l-2 7a2 2 0 0 1-2 2H7',
  bad: 'M7 13V4H4v9zM7 13l4 8a2 2 0 0 0 3-2l-1-4h5a2 2 0 0 0 2-2l-2-7a2 2 0 0 0-2-2H7',
};
type ButtonProps = { icon: keyof typeof SHAPES; onClick?: () => void; [more: string]: unknown };

export function IconButton({ icon, ...rest }: ButtonProps) {
  const label = words[icon];
  return (
    <button type="button" title={label} {...rest}>
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d={SHAPES[icon]} />
      </svg>
    </button>
  );
}
