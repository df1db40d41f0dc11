import { Link } from 'react-router';
import { IconButton } from '../../../shared/controls.tsx';
import { dateTime, when } from '../../../shared/words.ts';
import { useGet } from '../../data/api.ts';
import { languageName } from '../../shared/languages.ts';
import { Fact } from '../../shared/Page.tsx';
import { Badge, ErrorState, Loading } from '../../shared/states.tsx';
import type { InboxPerson } from '../../types.ts';
import { w } from '../../words.ts';
import { t } from './words.ts';

/** Who asks, and what they asked before. */
export function PersonPane({ id, onClose }: { id: number; onClose: () => void }) {
  const { data, error, refetch } = useGet<InboxPerson>(`/inbox/${id}/person`, {}, { once: true });
  return (
    <aside aria-label={t('person')} className="min-h-0 overflow-y-auto border-line p-4 text-sm xl:border-s">
      <div className="flex items-center justify-between gap-2">
        <h2 className="min-w-0 font-semibold wrap-anywhere">
          {data === undefined ? t('person') : data.person.name || t('guest')}
        </h2>
        <IconButton small icon="close" label={t('hidePerson')} onClick={onClose} />
      </div>
      {error !== null && data === undefined && <ErrorState error={error} again={refetch} />}
      {error === null && data === undefined && <Loading />}
      {data !== undefined && <Known data={data} current={id} />}
    </aside>
  );
}

function Known({ data: { person, conversations }, current }: { data: InboxPerson; current: number }) {
  const earlier = conversations.filter(({ id }) => id !== current);
  return (
    <div className="grid gap-6 pt-2">
      <dl className="grid gap-2">
        <Fact name={t('language')}>{languageName(person.language)}</Fact>
        <Fact name={t('timezone')}>{person.timezone}</Fact>
        <Fact name={t('since')}>{dateTime(person.created_at)}</Fact>
      </dl>
      <section className="grid gap-2">
        <h3 className="font-medium">{t('consents')}</h3>
        <dl className="grid gap-2">
          <Fact name={t('processing')}>
            <Consent given={person.data_processing_consent} />
          </Fact>
          <Fact name={t('marketing')}>
            <Badge tone={person.marketing_consent ? 'good' : 'quiet'}>
              {person.marketing_consent ? w('yes') : w('no')}
            </Badge>
          </Fact>
        </dl>
      </section>
      <section className="grid gap-2">
        <h3 className="font-medium">{t('earlier')}</h3>
        {earlier.length === 0 && <p className="text-muted">{t('noEarlier')}</p>}
        <ul className="grid grid-cols-[minmax(0,1fr)] gap-0.5">
          {earlier.map(({ id, title, status, last_message_at, score }) => (
            <li key={id}>
              <Link
                to={`/inbox/${id}?list=all`}
                className="grid gap-0.5 rounded-lg px-2 py-1.5 hover:bg-raised"
              >
                <span className="truncate font-medium">{title ?? t('untitled', { id })}</span>
                <span className="flex flex-wrap gap-x-2 text-xs text-muted">
                  <span>{t(`status_${status}`)}</span>
                  <time dateTime={last_message_at}>{when(last_message_at)}</time>
                  {score !== null && <span>{t('score', { score })}</span>}
                </span>
              </Link>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

function Consent({ given }: { given: boolean }) {
  return <Badge tone={given ? 'good' : 'bad'}>{given ? w('yes') : w('no')}</Badge>;
}
