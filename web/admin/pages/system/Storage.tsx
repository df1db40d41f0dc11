import { locale, number } from '../../../shared/words.ts';
import { Panel } from '../../shared/Page.tsx';
import type { SystemState } from '../../types.ts';
import { Rows } from '../../shared/Rows.tsx';
import { t } from './words.ts';

/** The sizes of tables, and when rows are deleted. */
export function Storage({ system: { storage, settings } }: { system: SystemState }) {
  const kept = settings.filter(({ name }) => name.startsWith('RETENTION_'));
  return (
    <Panel title={t('storage')}>
      <p className="text-sm text-muted">{t('whole', { size: sizeOf(storage.bytes) })}</p>
      <Rows
        numbers
        label={t('storage')}
        head={[t('table'), t('rows'), t('size')]}
        rows={storage.tables.map(({ name, rows, bytes }) => ({
          key: name,
          cells: [name, number(rows), sizeOf(bytes)],
        }))}
      />
      <h3 className="text-sm font-medium">{t('retention')}</h3>
      <p className="text-sm text-muted">{t('retentionWhy')}</p>
      <dl className="grid gap-1 text-sm">
        {kept.map(({ name, value }) => (
          <div key={name} className="flex justify-between gap-4">
            <dt className="font-mono text-xs wrap-anywhere">{name}</dt>
            <dd className="tabular-nums">{value || '–'}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

function sizeOf(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  const power = Math.min(bytes === 0 ? 0 : Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return new Intl.NumberFormat(locale(), {
    style: 'unit',
    unit: units[power] ?? 'byte',
    unitDisplay: 'short',
    maximumSignificantDigits: 3,
  }).format(bytes / 1_000 ** power);
}
