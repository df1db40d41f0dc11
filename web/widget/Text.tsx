/** @jsxRuntime classic */
/** @jsx h */
import { type ComponentChildren, h } from 'preact';

/** Shows the little markdown that answers mostly have: paragraphs, lists, code, bold words, links. All else is text. */
export function Text({ text }: { text: string }) {
  const parts = text.replaceAll(/[\u202A-\u202E\u2066-\u2069]/g, '').split(/```[^\n]*\n?/);
  return (
    <div class="text">
      {parts.map((part, i) => (i % 2 === 1 ? <pre key={i}>{part}</pre> : paragraphs(part)))}
    </div>
  );
}

function paragraphs(text: string): ComponentChildren {
  return text
    .split(/\n{2,}/)
    .filter((one) => one.trim() !== '')
    .map((one, i) => (
      <p key={i} dir="auto">
        {inline(
          one
            .trim()
            .replaceAll(/^#{1,6} +/gm, '')
            .replaceAll(/^[-*] /gm, '• ')
            .replaceAll(/ ?\[\d+\]/g, ''),
        )}
      </p>
    ));
}

const SPAN =
  /(`[^`\n]+`|\*\*[^*\n]+\*\*|\[[^\]\n]{1,300}\]\(https?:\/\/[^\s)]{1,2000}\)|https?:\/\/[^\s<>"')]{1,2000})/;

function inline(text: string): ComponentChildren {
  return text.split(SPAN).map((part, i) => {
    if (i % 2 === 0) return part;
    if (part.startsWith('`')) return <code key={i}>{part.slice(1, -1)}</code>;
    if (part.startsWith('**')) return <b key={i}>{part.slice(2, -2)}</b>;
    const [, label = part, href = part] = /^\[(.*)\]\((.*)\)$/.exec(part) ?? [];
    return (
      <a key={i} href={href} target="_blank" rel="noopener noreferrer nofollow">
        {label}
      </a>
    );
  });
}
