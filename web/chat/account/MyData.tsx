import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Export, ExportAsked, User } from '../../sdk/types.ts';
import { Refused } from '../../sdk/http.ts';
import { Button } from '../../shared/controls.tsx';
import { base } from '../../shared/root.ts';
import { session, store } from '../../shared/session.ts';
import { toast } from '../../shared/toasts.tsx';
import { dateTime, percent, t } from '../../shared/words.ts';
import { AccessLog } from './AccessLog.tsx';
import { Erase } from './Erase.tsx';
import { Section } from './Section.tsx';

const ASK_EVERY_MS = 1_500;

/** The user's data: an export of it, who read it, and its erasure. */
export function MyData({ user }: { user: User }) {
  const [erasing, setErasing] = useState(false);
  return (
    <Section title={t('data.title')}>
      <p className="text-muted">{t('data.lead')}</p>
      <DataExport />
      <AccessLog />
      <div className="grid gap-2 border-t border-line pt-4">
        <p className="text-muted">{t('erase.lead')}</p>
        <Button kind="danger" className="w-fit" onClick={() => setErasing(true)}>
          {t('erase.begin')}
        </Button>
      </div>
      {erasing && <Erase user={user} onClose={() => setErasing(false)} />}
    </Section>
  );
}

/** The key under which this browser keeps the id of the newest export, so that a reload finds it. */
const exportKey = () => `parley.export.${session.user?.id}`;

function DataExport() {
  const client = useQueryClient();
  const [id, setId] = useState(() => Number(store.getItem(exportKey())) || undefined);
  const { data, error } = useQuery({
    queryKey: ['export', id],
    enabled: id !== undefined,
    queryFn: ({ signal }) => session.call<Export>('GET', `/users/me/exports/${id}`, { signal }),
    refetchInterval: ({ state }) => (isOver(state.data) || state.error ? false : ASK_EVERY_MS),
  });
  const begin = async () => {
    const key = exportKey();
    try {
      const asked = await session.call<ExportAsked>('POST', '/users/me/export');
      store.setItem(key, String(asked.id));
      setId(asked.id);
      await client.invalidateQueries({ queryKey: ['export', asked.id] });
    } catch {
      toast(t('app.failed'));
    }
  };
  const isGone = error instanceof Refused && error.code === 'not_found';
  const under = id !== undefined && !isGone && !isOver(data);
  return (
    <div className="grid gap-3">
      {under && (
        <div className="grid gap-1">
          <label className="grid gap-1 text-sm">
            {t('data.under', { share: percent(data?.progress ?? 0) })}
            <progress className="h-2 w-full accent-accent" max={1} value={data?.progress ?? 0} />
          </label>
        </div>
      )}
      <p role="status" className="text-sm empty:hidden">
        {data?.status === 'ready' && t('data.ready', { when: dateTime(data.expires_at ?? '') })}
        {data?.status === 'failed' && t('data.failed')}
      </p>
      <div className="flex flex-wrap gap-2">
        {data?.status === 'ready' && data.url !== null && <Download url={data.url} />}
        <Button busy={under} onClick={() => void begin()}>
          {t('data.export')}
        </Button>
      </div>
    </div>
  );
}

function isOver(data: Export | undefined): boolean {
  return data?.status === 'ready' || data?.status === 'failed';
}

/** The archive needs the access token, which a plain link would not send. */
function Download({ url }: { url: string }) {
  const [busy, setBusy] = useState(false);
  const download = async () => {
    setBusy(true);
    try {
      const archive = new URL(url, `${base}/`);
      // The token goes to this site alone.
      if (archive.origin !== location.origin) throw new Error(archive.origin);
      const headers = { authorization: `Bearer ${await session.token()}` };
      const answer = await fetch(archive, { headers });
      if (!answer.ok) throw new Error(String(answer.status));
      const file = URL.createObjectURL(await answer.blob());
      const link = document.createElement('a');
      link.href = file;
      link.download = 'parley.zip';
      link.click();
      // The browser reads the file after the click.
      setTimeout(() => URL.revokeObjectURL(file), 60_000);
    } catch {
      toast(t('app.failed'));
    }
    setBusy(false);
  };
  return (
    <Button kind="main" busy={busy} onClick={() => void download()}>
      {t('data.download')}
    </Button>
  );
}
