import { useQuery } from '@tanstack/react-query';
import type { Assistant, Page } from '../../sdk/types.ts';
import { Icon } from '../../shared/Icon.tsx';
import { session } from '../../shared/session.ts';
import { t } from '../../shared/words.ts';
import { focusTalk } from './focus.ts';

/** What an empty conversation shows: the assistant's greeting and questions to begin with. */
export function Welcome({ onAsk }: { onAsk: (question: string, assistant: number) => void }) {
  const { data, isPending } = useQuery({
    queryKey: ['assistants'],
    queryFn: ({ signal }) => session.call<Page<Assistant>>('GET', '/assistants', { signal }),
  });
  const assistant = data?.data.find(({ is_default }) => is_default) ?? data?.data[0];
  const questions = assistant?.suggested_questions ?? [];
  if (isPending) return null;
  return (
    <div className="grid justify-items-center gap-6 pt-[16vh] text-center">
      <span className="grid size-14 place-items-center rounded-2xl bg-accent text-on-accent">
        <Icon name="chat" className="size-7" />
      </span>
      <h2 className="text-2xl font-semibold text-balance" dir="auto">
        {assistant?.greeting || t('talk.greeting')}
      </h2>
      {questions.length > 0 && (
        <ul aria-label={t('talk.suggested')} className="grid w-full max-w-xl gap-2 sm:grid-cols-2">
          {questions.map((question) => (
            <li key={question} className="only:sm:col-span-2 last:odd:sm:col-span-2">
              <button
                type="button"
                dir="auto"
                className="h-full min-h-14 w-full rounded-xl border border-line px-4 py-3 text-start text-sm hover:border-edge hover:bg-sunken"
                onClick={() => {
                  onAsk(question, assistant?.id ?? 0);
                  focusTalk();
                }}
              >
                {question}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
