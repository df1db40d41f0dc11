import type { ElementContent, Root } from 'hast';
import { type ReactNode, useEffect, useState } from 'react';
import { CopyButton } from '../CopyButton.tsx';
import { t } from '../words.ts';

/** Longer code is shown without colours. */
const MAX_COLOURED = 20_000;

/** Shows code with a button that copies it, and with colours once they are loaded. */
export function CodeBlock({ text, language }: { text: string; language: string }) {
  const name = language.split(/\s/)[0]?.slice(0, 20) ?? '';
  const tree = useColours(text, name);
  return (
    <div className="overflow-hidden rounded-xl border border-line bg-sunken">
      <div className="flex items-center justify-between ps-4 pe-1 text-xs text-muted">
        <span>{name}</span>
        <CopyButton text={text} label={t('reply.code')} />
      </div>
      {/* Somebody without a mouse scrolls long lines by the arrow keys. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className="overflow-x-auto px-4 pb-3 font-mono text-sm leading-relaxed" dir="ltr" tabIndex={0}>
        <code>
          {tree === undefined ? text : tree.children.map((node, i) => shown(node as ElementContent, i))}
        </code>
      </pre>
    </div>
  );
}

function useColours(text: string, name: string): Root | undefined {
  const [tree, setTree] = useState<Root>();
  useEffect(() => {
    let current = true;
    setTree(undefined);
    if (name === '' || text.length > MAX_COLOURED) return;
    // Not while the text still grows.
    const timer = setTimeout(() => {
      void import('./colours.ts').then(({ colour }) => current && setTree(colour(text, name)));
    }, 200);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text, name]);
  return tree;
}

function shown(node: ElementContent, key: number): ReactNode {
  if (node.type === 'text') return node.value;
  if (node.type !== 'element') return null;
  const { className } = node.properties;
  return (
    <span key={key} className={Array.isArray(className) ? className.join(' ') : ''}>
      {node.children.map(shown)}
    </span>
  );
}
