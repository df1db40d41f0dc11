import { useFilters } from '../../data/filters.ts';
import { Search } from '../../shared/fields.tsx';
import { Panel } from '../../shared/Page.tsx';
import { Badge } from '../../shared/states.tsx';
import type { SystemState } from '../../types.ts';
import { Rows } from '../../shared/Rows.tsx';
import { t } from './words.ts';

/** The variables in force, and where each comes from. */
export function Settings({ settings }: { settings: SystemState['settings'] }) {
  const { values, set } = useFilters({ setting: '' });
  const wanted = values.setting.toUpperCase();
  const shown = settings.filter(({ name }) => name.includes(wanted));
  return (
    <Panel title={t('settings')}>
      <p className="text-sm text-muted">{t('settingsWhy')}</p>
      <div className="max-w-sm">
        <Search label={t('filter')} value={values.setting} onChange={(setting) => set({ setting })} />
      </div>
      {shown.length === 0 ? (
        <p className="text-sm text-muted">{t('noneFits')}</p>
      ) : (
        <Rows
          label={t('settings')}
          head={[t('name'), t('value'), t('source')]}
          rows={shown.map(({ name, value, source }) => ({
            key: name,
            cells: [
              <code key="name" className="font-mono text-xs">
                {name}
              </code>,
              value === null ? (
                <i key="value">{t('hidden')}</i>
              ) : (
                <span key="value" className="wrap-anywhere">
                  {value === '' ? t('empty') : value}
                </span>
              ),
              <Badge key="source" tone={source === 'environment' ? 'plain' : 'quiet'}>
                {t(source)}
              </Badge>,
            ],
          }))}
        />
      )}
    </Panel>
  );
}
