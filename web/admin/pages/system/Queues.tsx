import { locale } from '../../../shared/words.ts';
import { Panel } from '../../shared/Page.tsx';
import type { SystemState } from '../../types.ts';
import { Rows } from '../../shared/Rows.tsx';
import { t } from './words.ts';

/** How much waits in each queue. */
export function Queues({ queues }: { queues: SystemState['queues'] }) {
  const seconds = new Intl.NumberFormat(locale(), {
    style: 'unit',
    unit: 'second',
    unitDisplay: 'short',
    maximumFractionDigits: 1,
  });
  return (
    <Panel title={t('queues')}>
      {queues === null ? (
        <p className="text-sm text-danger">{t('noRedis')}</p>
      ) : (
        <Rows
          numbers
          label={t('queues')}
          head={[t('queue'), t('waiting'), t('active'), t('delayed'), t('failed'), t('oldest')]}
          rows={queues.map(({ name, waiting, active, delayed, failed, oldest_s }) => ({
            key: name,
            cells: [
              name,
              waiting,
              active,
              delayed,
              failed === 0 ? (
                0
              ) : (
                <strong key="failed" className="text-danger">
                  {failed}
                </strong>
              ),
              oldest_s === 0 ? '–' : seconds.format(oldest_s),
            ],
          }))}
        />
      )}
    </Panel>
  );
}
