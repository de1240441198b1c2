import { useQuery } from '@tanstack/react-query';
import type { Schemas } from 'leopard-client';
import { useState } from 'react';
import { ask } from '../api/ask.ts';
import { api } from '../api/client.ts';
import { useMay } from '../api/profile.ts';
import { number, t } from '../i18n/index.ts';
import { Section } from './detail.tsx';
import { Failure } from './failure.tsx';
import { Moment } from './moment.tsx';
import { words } from './words.ts';

type Entry = Schemas['AuditEntry'];
const PAGE_SIZE = 10;

/** What was done to a record, newest first, with each field before and after; only shown to who may read the audit log. */
export function History({ entity, record }: { readonly entity: string; readonly record: number }) {
  const may = useMay();
  const [page, setPage] = useState(1);
  const mayRead = may('super_admin');
  const list = useQuery({
    queryKey: ['/api/v1/audit/', entity, record, page],
    queryFn: ({ signal }) =>
      ask(() =>
        api.get('/api/v1/audit/', {
          query: { entity, record_id: record, page: String(page), page_size: PAGE_SIZE },
          signal,
        }),
      ),
    enabled: mayRead,
  });
  if (!mayRead) return null;
  const { results = [], count = 0 } = list.data ?? {};
  const last = Math.max(1, Math.ceil(count / PAGE_SIZE));
  return (
    <Section title={t('History')}>
      {list.error && <Failure error={list.error} onRetry={() => void list.refetch()} />}
      <ol className="history">
        {results.map((entry) => (
          <li key={entry.id}>
            <Changed entry={entry} />
          </li>
        ))}
      </ol>
      {list.isSuccess && count === 0 && <p className="help">{t('Nothing is recorded yet.')}</p>}
      {last > 1 && (
        <nav className="bar" aria-label={t('Pages of the history')}>
          <button type="button" disabled={page <= 1} onClick={() => setPage(page - 1)}>
            {t('Newer')}
          </button>
          <span>{t('Page {{page}} of {{last}}', { page: number(page), last: number(last) })}</span>
          <button type="button" disabled={page >= last} onClick={() => setPage(page + 1)}>
            {t('Older')}
          </button>
        </nav>
      )}
    </Section>
  );
}

function Changed({ entry }: { readonly entry: Entry }) {
  const before = (entry.before ?? {}) as Record<string, unknown>;
  const after = (entry.after ?? {}) as Record<string, unknown>;
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return (
    <details>
      <summary>
        {words(entry.operation)} · <span dir="auto">{entry.username ?? t('the system')}</span> ·{' '}
        <Moment at={entry.at} />
        {names.length > 0 && names.length <= 4 && (
          <span className="help"> · {names.map(words).join(', ')}</span>
        )}
      </summary>
      {entry.address && (
        <p className="help">
          {t('from')} {entry.address} · {t('Request')} <code>{entry.request_id}</code>
        </p>
      )}
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">{t('Field')}</th>
              <th scope="col">{t('Before')}</th>
              <th scope="col">{t('After')}</th>
            </tr>
          </thead>
          <tbody>
            {names.map((name) => (
              <tr key={name}>
                <th scope="row">{words(name)}</th>
                <td dir="auto">{asText(before[name])}</td>
                <td dir="auto">{asText(after[name])}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function asText(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
