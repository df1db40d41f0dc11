import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Faq, Source } from '../../sdk/types.ts';
import { Button } from '../../shared/controls.tsx';
import { Dialog } from '../../shared/Dialog.tsx';
import { Markdown } from '../../shared/markdown/Markdown.tsx';
import { session } from '../../shared/session.ts';
import { t } from '../../shared/words.ts';

/** Shows the FAQ that an answer was taken from. */
export function FaqDialog({ source, onClose }: { source: Source; onClose: () => void }) {
  const { data, isError } = useQuery({
    queryKey: ['faq', source.faq_id],
    queryFn: ({ signal }) => session.call<Faq>('GET', `/faqs/${source.faq_id}`, { signal }),
  });
  return (
    <Dialog title={data?.question ?? source.question} onClose={onClose}>
      {isError && <p className="text-muted">{t('faq.gone')}</p>}
      {data && (
        <>
          <Markdown text={data.answer} />
          <Helped id={data.id} />
        </>
      )}
    </Dialog>
  );
}

function Helped({ id }: { id: number }) {
  const [said, setSaid] = useState(false);
  const say = (helpful: boolean) => {
    setSaid(true);
    void session.call('POST', `/faqs/${id}/feedback`, { body: { helpful } }).catch(() => setSaid(false));
  };
  return (
    <div className="flex items-center gap-2 border-t border-line pt-4">
      {!said && (
        <div role="group" aria-label={t('faq.helped')} className="flex flex-1 items-center gap-2">
          <span className="me-auto text-muted">{t('faq.helped')}</span>
          <Button onClick={() => say(true)}>{t('faq.yes')}</Button>
          <Button onClick={() => say(false)}>{t('faq.no')}</Button>
        </div>
      )}
      <p role="status" className="text-muted">
        {said && t('reply.thanks')}
      </p>
    </div>
  );
}
