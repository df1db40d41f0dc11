import { useQuery } from '@tanstack/react-query';
import { Button } from '../../../shared/controls.tsx';
import { base } from '../../../shared/root.ts';
import { send } from '../../data/api.ts';
import { useFilters } from '../../data/filters.ts';
import { Panel } from '../../shared/Page.tsx';
import { ErrorState, Loading } from '../../shared/states.tsx';
import { t } from './words.ts';

/** The cookie that the frame needs lasts an hour. */
const RENEWED_AFTER = 45 * 60_000;

/** Bull Board, in a frame once somebody wants it: the panel's session opens it. */
export function Board() {
  const { values, set } = useFilters({ board: '' });
  const shown = values.board === 'shown';
  return (
    <Panel
      title={t('jobs')}
      actions={
        <div className="flex flex-wrap items-center justify-end gap-x-4 gap-y-2">
          <a
            href={`${base}/admin/queues`}
            target="_blank"
            rel="noreferrer"
            className="text-sm text-accent underline underline-offset-2"
          >
            {t('board')}
          </a>
          <Button small aria-expanded={shown} onClick={() => set({ board: shown ? '' : 'shown' })}>
            {t(shown ? 'boardHide' : 'boardShow')}
          </Button>
        </div>
      }
    >
      <p className="text-sm text-muted">{t('boardWhy')}</p>
      {shown && <Framed />}
    </Panel>
  );
}

function Framed() {
  const opened = useQuery({
    queryKey: ['board'],
    queryFn: async () => {
      await send('POST', '/admin/board');
      return true;
    },
    refetchInterval: RENEWED_AFTER,
    staleTime: RENEWED_AFTER,
    gcTime: 0,
  });
  if (opened.data === undefined)
    return opened.error === null ? <Loading /> : <ErrorState error={opened.error} again={opened.refetch} />;
  return (
    <iframe
      title="Bull Board"
      src={`${base}/admin/queues`}
      className="h-[80dvh] min-h-96 w-full rounded-xl border border-line"
    />
  );
}
