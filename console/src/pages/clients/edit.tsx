import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { ask } from '../../api/ask.ts';
import { api } from '../../api/client.ts';
import { useMay } from '../../api/profile.ts';
import { t } from '../../i18n/index.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { Detail } from '../../parts/detail.tsx';
import { Failure } from '../../parts/failure.tsx';
import { History } from '../../parts/history.tsx';
import { RecordForm } from '../../parts/record-form.tsx';
import { toast } from '../../shell/toasts.tsx';
import { VisaApplications } from './applications.tsx';
import { FIELDS } from './fields.ts';

const LIST = '/api/v1/clients/';
const BACK = { to: '/clients', label: t('Clients') };

/** A client with the visa applications and the history. */
export default function EditClient() {
  const id = Number((useParams({ strict: false }) as { id: string }).id);
  const may = useMay();
  const go = useNavigate();
  const cache = useQueryClient();
  const read = (signal?: AbortSignal) =>
    ask(() => api.get('/api/v1/clients/{id}/', { path: { id }, signal }));
  const client = useQuery({ queryKey: [LIST, id], queryFn: ({ signal }) => read(signal) });
  const refresh = () => cache.invalidateQueries({ queryKey: [LIST] });
  const archive = useMutation({
    mutationFn: () => ask(() => api.delete('/api/v1/clients/{id}/', { path: { id } })),
    onSuccess: async () => {
      const restore = async () => {
        await ask(() => api.post('/api/v1/clients/{id}/restore/', { path: { id } }));
        await refresh();
        toast(t('Restored.'));
      };
      toast(t('Archived.'), () => void restore().catch((error: Error) => toast(error.message)));
      await go({ to: '/clients' });
      await refresh();
    },
  });
  if (client.error)
    return (
      <Detail title={t('Client')} back={BACK}>
        <Failure error={client.error} onRetry={() => void client.refetch()} />
      </Detail>
    );
  if (!client.data) return <p className="help">{t('Loading …')}</p>;
  const { first_name, last_name } = client.data;
  return (
    <Detail
      title={[first_name, last_name].filter(Boolean).join(' ')}
      back={BACK}
      actions={
        may('delete_client') && (
          <Confirm label={t('Archive')} title={t('Archive this client?')} onConfirm={() => archive.mutate()}>
            <p>{t('The client leaves the lists, and can be restored.')}</p>
          </Confirm>
        )
      }
    >
      {archive.error && <Failure error={archive.error} />}
      <RecordForm
        key={id}
        name={`client:${id}`}
        fields={FIELDS}
        record={client.data}
        reread={read}
        disabled={!may('change_client')}
        save={(body) => ask(() => api.patch('/api/v1/clients/{id}/', { path: { id }, body }))}
        onSaved={(saved) => {
          cache.setQueryData([LIST, id], saved);
          void refresh();
          void cache.invalidateQueries({ queryKey: ['/api/v1/audit/', 'client', id] });
        }}
      />
      <VisaApplications client={id} />
      <History entity="client" record={id} />
    </Detail>
  );
}
