import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Schemas } from 'leopard-client';
import { useState } from 'react';
import { ask } from '../../api/ask.ts';
import { api } from '../../api/client.ts';
import { useMay } from '../../api/profile.ts';
import { t } from '../../i18n/index.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { Section } from '../../parts/detail.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Failure } from '../../parts/failure.tsx';
import type { FieldDef } from '../../parts/fields.tsx';
import { Day } from '../../parts/moment.tsx';
import { RecordForm } from '../../parts/record-form.tsx';
import { words } from '../../parts/words.ts';
import { USERS, VISA_TYPES } from '../lookups.ts';

type Application = Schemas['VisaApplicationOutput'];

const LIST = '/api/v1/visa-applications/';
/** Applications of one client that are shown. */
const MOST = 100;
const STATUSES = ['TO_BE_APPLIED', 'VISA_APPLIED', 'CASE_OPENED', 'GRANTED', 'REJECTED', 'WITHDRAWN'];
const FIELDS: readonly FieldDef[] = [
  {
    name: 'visa_type_id',
    read: 'visa_type',
    label: t('Visa type'),
    kind: 'lookup',
    of: VISA_TYPES,
    shown: 'visa_type_name',
    required: true,
  },
  { name: 'status', label: t('Status'), kind: 'choice', choices: STATUSES, required: true },
  {
    name: 'assigned_to_id',
    read: 'assigned_to',
    label: t('Assigned to'),
    kind: 'lookup',
    of: USERS,
    shown: 'assigned_to_name',
  },
  { name: 'immigration_fee', label: t('Immigration fee'), kind: 'decimal', required: true },
  { name: 'service_fee', label: t('Service fee'), kind: 'decimal', required: true },
  { name: 'transaction_reference_no', label: t('Reference') },
  { name: 'date_applied', label: t('Applied'), kind: 'date' },
  { name: 'expiry_date', label: t('Expires'), kind: 'date' },
  { name: 'notes', label: t('Notes'), kind: 'area' },
];
const GIVEN = { status: 'TO_BE_APPLIED', immigration_fee: '0.00', service_fee: '0.00' };

/** A client's visa applications, each edited in a dialog. */
export function VisaApplications({ client }: { readonly client: number }) {
  const may = useMay();
  const cache = useQueryClient();
  const [open, setOpen] = useState<Application | 'new' | null>(null);
  const mayView = may('view_visaapplication');
  const list = useQuery({
    queryKey: [LIST, { client }],
    queryFn: ({ signal }) =>
      ask(() => api.get(LIST, { query: { client_id: client, page_size: MOST }, signal })),
    enabled: mayView,
  });
  const refresh = () => cache.invalidateQueries({ queryKey: [LIST] });
  const remove = useMutation({
    mutationFn: (id: number) => ask(() => api.delete('/api/v1/visa-applications/{id}/', { path: { id } })),
    onSettled: refresh,
  });
  if (!mayView) return null;
  const failure = list.error ?? remove.error;
  const rows = list.data?.results ?? [];
  return (
    <Section title={t('Visa applications')}>
      {failure && <Failure error={failure} onRetry={() => void list.refetch()} />}
      {rows.length > 0 && (
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">{t('Visa type')}</th>
                <th scope="col">{t('Status')}</th>
                <th scope="col">{t('Assigned to')}</th>
                <th scope="col">{t('Applied')}</th>
                <th scope="col">{t('Actions')}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((application) => (
                <tr key={application.id}>
                  <td dir="auto">{application.visa_type_name}</td>
                  <td>{words(application.status)}</td>
                  <td dir="auto">{application.assigned_to_name}</td>
                  <td>
                    <Day on={application.date_applied} />
                  </td>
                  <td className="bar">
                    {may('change_visaapplication') && (
                      <button type="button" onClick={() => setOpen(application)}>
                        {t('Edit')}
                      </button>
                    )}
                    {may('delete_visaapplication') && (
                      <Confirm
                        label={t('Delete')}
                        title={t('Delete this application?')}
                        onConfirm={() => remove.mutate(application.id)}
                      />
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {list.isSuccess && rows.length === 0 && (
        <p className="help">{t('There are no visa applications yet.')}</p>
      )}
      {(list.data?.count ?? 0) > MOST && (
        <p className="note">{t('Only the newest {{count}} are shown.', { count: MOST })}</p>
      )}
      {may('add_visaapplication') && (
        <button type="button" onClick={() => setOpen('new')}>
          {t('Add a visa application')}
        </button>
      )}
      {open !== null && (
        <Dialog
          title={open === 'new' ? t('Add a visa application') : t('Edit the visa application')}
          onClose={() => setOpen(null)}
          className="wide"
        >
          <RecordForm
            name={`visa-application:${open === 'new' ? `new of ${client}` : open.id}`}
            fields={FIELDS}
            record={open === 'new' ? GIVEN : open}
            isNew={open === 'new'}
            reread={
              open === 'new'
                ? undefined
                : () => ask(() => api.get('/api/v1/visa-applications/{id}/', { path: { id: open.id } }))
            }
            save={(body: object) =>
              open === 'new'
                ? ask(() => api.post(LIST, { body: { ...body, client_id: client } as never }))
                : ask(() =>
                    api.patch('/api/v1/visa-applications/{id}/', {
                      path: { id: open.id },
                      body: body as never,
                    }),
                  )
            }
            onSaved={() => {
              setOpen(null);
              void refresh();
            }}
            onCancel={() => setOpen(null)}
          />
        </Dialog>
      )}
    </Section>
  );
}
