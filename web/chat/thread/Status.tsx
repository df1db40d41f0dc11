import type { Conversation } from '../../sdk/types.ts';
import { t } from '../../shared/words.ts';
import { useTyping } from '../data/typing.ts';

/** Says who answers, where that is a person. */
export function Status({ conversation }: { conversation: Conversation | undefined }) {
  const typing = useTyping(conversation?.id);
  const text = textOf(conversation, typing);
  return (
    <p
      role="status"
      className={text === '' ? 'sr-only' : 'rounded-xl bg-raised px-4 py-2 text-center text-sm'}
    >
      {text}
    </p>
  );
}

function textOf(conversation: Conversation | undefined, typing: boolean): string {
  const name = conversation?.agent?.name;
  if (typing) return t('talk.typing', { name: name ?? t('talk.person') });
  if (conversation?.status === 'waiting') return t('talk.waiting');
  if (conversation?.status === 'agent') return name ? t('talk.agent', { name }) : t('talk.agentUnnamed');
  return '';
}
