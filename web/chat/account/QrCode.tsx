import { useMemo } from 'react';
import { qrCode } from '../../shared/qr.ts';

/** The squares of white around a code that readers need. */
const QUIET = 4;

/** A QR code as one path. It is dark on white in every theme: readers expect that. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const { size, path } = useMemo(() => {
    const rows = qrCode(text);
    const squares = rows.flatMap((row, y) =>
      row.map((dark, x) => (dark ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : '')),
    );
    return { size: rows.length + 2 * QUIET, path: squares.join('') };
  }, [text]);
  return (
    <svg
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
      className="size-56 rounded-xl border border-line"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
