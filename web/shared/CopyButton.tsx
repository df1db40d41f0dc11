import { useState } from 'react';
import { IconButton } from './controls.tsx';
import { say } from './speaker.ts';
import { t } from './words.ts';

/** Copies a text and says so for a moment. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    // A page that is not on HTTPS has no clipboard.
    await navigator.clipboard?.writeText(text).catch(() => {});
    setCopied(true);
    say(t('reply.copied'));
    setTimeout(() => setCopied(false), 2_000);
  };
  return (
    <IconButton
      small
      icon={copied ? 'check' : 'copy'}
      label={copied ? t('reply.copied') : label}
      onClick={() => void copy()}
    />
  );
}
