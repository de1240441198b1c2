import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { RowOf } from 'leopard-client';
import { useState } from 'react';
import { ask, listOf } from '../../api/ask.ts';
import { api } from '../../api/client.ts';
import { useMay } from '../../api/profile.ts';
import { t } from '../../i18n/index.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { type Column, DataList, type Selection } from '../../parts/data-list.tsx';
import { Failure } from '../../parts/failure.tsx';
import type { Filter } from '../../parts/filters.tsx';
import { Moment } from '../../parts/moment.tsx';
import { words } from '../../parts/words.ts';
import { toast } from '../../shell/toasts.tsx';
import { AGENTS, BRANCHES, USERS, VISA_CATEGORIES } from '../lookups.ts';
import { countryName, STAGES } from './fields.ts';

const SOURCE = listOf('/api/v1/clients/');
type Row = RowOf<'/api/v1/clients/'>;

/** Clients that one call of a bulk action takes. */
const MOST = 1_000;

const COLUMNS: readonly Column<Row>[] = [
  {
    id: 'name',
    title: t('Name'),
    cell: ({ first_name, middle_name, last_name }) =>
      [first_name, middle_name, last_name].filter(Boolean).join(' '),
  },
  { id: 'stage', title: t('Stage'), cell: ({ stage }) => words(stage) },
  { id: 'email', title: t('E-mail'), cell: ({ email }) => email },
  { id: 'phone', title: t('Phone'), cell: ({ phone_number }) => phone_number },
  { id: 'country', title: t('Country'), cell: ({ country }) => country && countryName(country) },
  {
    id: 'visa_category',
    title: t('Visa category'),
    cell: ({ visa_category_name }) => visa_category_name,
    isExtra: true,
  },
  { id: 'assigned_to', title: t('Assigned to'), cell: ({ assigned_to_name }) => assigned_to_name },
  { id: 'branch', title: t('Branch'), cell: ({ branch_name }) => branch_name },
  { id: 'agent', title: t('Agent'), cell: ({ agent_name }) => agent_name, isExtra: true },
  { id: 'active', title: t('Active'), cell: ({ active }) => t(active ? 'Yes' : 'No'), isExtra: true },
  { id: 'created', title: t('Created'), cell: ({ created_at }) => <Moment at={created_at} /> },
  { id: 'updated', title: t('Changed'), cell: ({ updated_at }) => <Moment at={updated_at} />, isExtra: true },
];

const FILTERS: readonly Filter[] = [
  { name: 'stage', label: t('Stage'), kind: 'choice', choices: STAGES },
  { name: 'visa_category', label: t('Visa category'), kind: 'lookup', of: VISA_CATEGORIES },
  { name: 'assigned_to', label: t('Assigned to'), kind: 'lookup', of: USERS },
  { name: 'branch', label: t('Branch'), kind: 'lookup', of: BRANCHES },
  { name: 'agent', label: t('Agent'), kind: 'lookup', of: AGENTS },
  { name: 'active', label: t('Active'), kind: 'yesno' },
  { name: 'created', label: t('Created'), kind: 'days', from: 'created_after', to: 'created_before' },
  { name: 'include_deleted', label: t('With archived'), kind: 'yesno' },
];

/** The list of clients. */
export default function ClientList() {
  const may = useMay();
  return (
    <DataList
      name="clients"
      title={t('Clients')}
      source={SOURCE}
      columns={COLUMNS}
      filters={FILTERS}
      to={({ id }) => `/clients/${id}`}
      actions={(selection) => <Actions selection={selection} />}
    >
      {may('add_client') && (
        <Link to="/clients/new" className="button primary">
          {t('New client')}
        </Link>
      )}
    </DataList>
  );
}

function Actions({ selection }: { readonly selection: Selection }) {
  const may = useMay();
  const cache = useQueryClient();
  const [failure, setFailure] = useState<unknown>(null);
  const ids = [...selection.ids];
  const run = async (work: () => Promise<unknown>, done: string, undo?: () => Promise<unknown>) => {
    setFailure(null);
    try {
      await work();
      selection.clear();
      toast(done, undo && (() => void run(undo, t('Undone.'))));
    } catch (error) {
      setFailure(error);
    }
    await cache.invalidateQueries({ queryKey: [SOURCE.key] });
  };
  const body = { ids };
  const archive = () => ask(() => api.post('/api/v1/clients/bulk/archive/', { body }));
  const restore = () => ask(() => api.post('/api/v1/clients/bulk/restore/', { body }));
  if (ids.length > MOST) return <span>{t('Select at most {{count}}.', { count: MOST })}</span>;
  return (
    <>
      {may('change_client') && (
        <select
          aria-label={t('Move to the stage')}
          value=""
          onChange={({ target }) => {
            const stage = target.value as (typeof STAGES)[number];
            void run(
              () => ask(() => api.post('/api/v1/clients/bulk/stage/', { body: { ids, stage } })),
              t('Moved.'),
            );
          }}
        >
          <option value="">{t('Move to the stage …')}</option>
          {STAGES.map((stage) => (
            <option key={stage} value={stage}>
              {words(stage)}
            </option>
          ))}
        </select>
      )}
      {may('delete_client') && (
        <Confirm
          label={t('Archive')}
          title={t('Archive {{count}} clients?', { count: ids.length })}
          onConfirm={() => void run(archive, t('Archived.'), restore)}
        >
          <p>{t('They leave the lists, and can be restored.')}</p>
        </Confirm>
      )}
      {failure !== null && <Failure error={failure} />}
    </>
  );
}
