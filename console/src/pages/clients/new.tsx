import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { ask } from '../../api/ask.ts';
import { api } from '../../api/client.ts';
import { t } from '../../i18n/index.ts';
import { Detail } from '../../parts/detail.tsx';
import { RecordForm } from '../../parts/record-form.tsx';
import { FIELDS } from './fields.ts';

const GIVEN = { stage: 'LEAD', active: true };

/** The form of a new client. */
export default function NewClient() {
  const go = useNavigate();
  const cache = useQueryClient();
  return (
    <Detail title={t('New client')} back={{ to: '/clients', label: t('Clients') }}>
      <RecordForm
        name="client:new"
        fields={FIELDS}
        record={GIVEN}
        isNew
        save={(body) => ask(() => api.post('/api/v1/clients/', { body }))}
        onSaved={({ id }) => {
          void cache.invalidateQueries({ queryKey: ['/api/v1/clients/'] });
          void go({ to: `/clients/${id}` });
        }}
        onCancel={() => void go({ to: '/clients' })}
      />
    </Detail>
  );
}
