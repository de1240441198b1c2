import { allOf } from '../../database/conditions.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { choiceFilter, idFilter } from '../shared/filters.js';
import { Records } from '../shared/records.js';
import { DeliveryDetail, DeliveryOutput } from './schemas.js';

const COLUMNS = {
  to: sql<
    string | null
  >`coalesce(r.recipient, (SELECT w.url FROM webhook_endpoint w WHERE w.id = r.endpoint_id))`,
  next_attempt_at: sql<string | null>`CASE WHEN r.status = 'PENDING' THEN r.next_attempt_at END`,
};

export const deliveries = new Records({
  table: 'delivery',
  thing: 'Delivery',
  output: DeliveryOutput,
  columns: COLUMNS,
});

const whole = new Records({
  table: 'delivery',
  thing: 'Delivery',
  output: DeliveryDetail,
  columns: {
    ...COLUMNS,
    log: sql<DeliveryDetail['log']>`coalesce((
      SELECT json_agg(json_build_object(
        'attempted_at', to_char(a.attempted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'duration_ms', a.duration_ms, 'status_code', a.status_code, 'answer', a.answer, 'error', a.error) ORDER BY a.id)
      FROM delivery_attempt a WHERE a.delivery_id = r.id), '[]')`,
  },
});

/** Reads a delivery with its text and its attempts. @throws HttpError 404 */
export function readDelivery(transaction: TenantTransaction, id: number): Pending<DeliveryDetail> {
  return whole.read(transaction, id);
}

/**
 * Reads a page of the deliveries, newest first. If there are very many, only the newest are counted and shown.
 * @throws HttpError 400 for invalid filters
 */
export async function listDeliveries(
  transaction: TenantTransaction,
  query: QueryParameters,
  page: PageRequest,
): Promise<Pending<PageOf<DeliveryOutput>>> {
  const asked = allOf([
    choiceFilter(query, 'status'),
    choiceFilter(query, 'kind'),
    idFilter(query, 'endpoint', 'r.endpoint_id'),
    idFilter(query, 'event', 'r.event_id'),
  ]);
  return await deliveries.listFirst(transaction, page, asked, sql`r.id DESC`);
}
