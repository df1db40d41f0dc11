import { useQuery } from '@tanstack/react-query';
import type { Assistant, Page } from '../../sdk/types.ts';
import { session } from '../../shared/session.ts';
import { t } from '../../shared/words.ts';

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
    <div className="grid justify-items-center gap-6 pt-[18vh] text-center">
      <h2 className="text-2xl font-semibold text-balance" dir="auto">
        {assistant?.greeting || t('talk.greeting')}
      </h2>
      {questions.length > 0 && (
        <ul aria-label={t('talk.suggested')} className="flex flex-wrap justify-center gap-2">
          {questions.map((question) => (
            <li key={question}>
              <button
                type="button"
                dir="auto"
                className="min-h-11 rounded-full border border-edge px-4 hover:bg-raised"
                onClick={() => onAsk(question, assistant?.id ?? 0)}
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
