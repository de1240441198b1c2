import { allOf } from '../database/conditions.js';
import { type Sql, sql } from '../database/sql.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { PlainError } from '../platform/plain-error.js';

export const DELIVERY_STATUSES = ['PENDING', 'HELD', 'SENT', 'FAILED', 'CANCELLED'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** A filter for deliveries; omitted fields do not restrict it. */
export interface DeliveryFilter {
  readonly ids?: readonly number[];
  readonly status?: DeliveryStatus;
  readonly kind?: 'webhook' | 'email';
  readonly endpoint?: number;
  readonly event?: number;
}

/** A delivery as operators see it; times are ISO 8601, UTC. */
export interface ListedDelivery {
  readonly id: number;
  readonly kind: 'webhook' | 'email';
  readonly status: DeliveryStatus;
  readonly event_type: string;
  readonly event_id: number | null;
  readonly endpoint_id: number | null;
  /** The endpoint's address, or the e-mail's. */
  readonly to: string | null;
  readonly attempts: number;
  readonly next_attempt_at: string | null;
  readonly last_error: string | null;
  readonly created_at: string;
  readonly sent_at: string | null;
}

export interface ShownDelivery extends ListedDelivery {
  readonly idempotency_key: string;
  readonly subject: string;
  readonly body: string;
  readonly log: readonly {
    readonly attempted_at: string;
    readonly duration_ms: number;
    readonly status_code: number | null;
    readonly answer: string | null;
    readonly error: string | null;
  }[];
}

const iso = (time: string) =>
  sql`to_char(${sql.ref(time)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const COLUMNS = sql`
  d.id, d.kind, d.status, d.event_type, d.event_id, d.endpoint_id, coalesce(d.recipient, w.url) AS "to", d.attempts,
  CASE WHEN d.status = 'PENDING' THEN ${iso('d.next_attempt_at')} END AS next_attempt_at, d.last_error,
  ${iso('d.created_at')} AS created_at, ${iso('d.sent_at')} AS sent_at`;

/** Returns the condition that a delivery `d` matches the filter. */
function chosen({ ids, status, kind, endpoint, event }: DeliveryFilter): Sql<boolean> {
  return allOf([
    ids && sql`d.id = ANY (${ids}::bigint[])`,
    status && sql`d.status = ${status}`,
    kind && sql`d.kind = ${kind}`,
    endpoint !== undefined && sql`d.endpoint_id = ${endpoint}::bigint`,
    event !== undefined && sql`d.event_id = ${event}::bigint`,
  ]);
}

/** Returns the newest deliveries of the transaction's tenant. */
export async function listDeliveries(
  transaction: TenantTransaction,
  filter: DeliveryFilter,
  limit: number,
): Promise<ListedDelivery[]> {
  return await transaction.query(sql<ListedDelivery>`
    SELECT ${COLUMNS} FROM delivery d LEFT JOIN webhook_endpoint w ON w.id = d.endpoint_id
    WHERE ${chosen(filter)} ORDER BY d.id DESC LIMIT ${limit}`);
}

/** Thrown when there is no delivery with this id. */
class DeliveryNotFoundError extends PlainError {
  override readonly name = 'DeliveryNotFoundError';

  constructor(id: number) {
    super(`there is no delivery ${id}; see: leopard deliveries list --tenant TENANT`);
  }
}

/** Finds one delivery with its text and the log of its attempts. @throws DeliveryNotFoundError */
export async function showDelivery(transaction: TenantTransaction, id: number): Promise<ShownDelivery> {
  const [delivery] = await transaction.query(sql<ShownDelivery>`
    SELECT ${COLUMNS}, d.idempotency_key, d.subject, d.body,
      coalesce((
        SELECT json_agg(json_build_object(
          'attempted_at', ${iso('a.attempted_at')}, 'duration_ms', a.duration_ms, 'status_code', a.status_code,
          'answer', a.answer, 'error', a.error) ORDER BY a.id)
        FROM delivery_attempt a WHERE a.delivery_id = d.id), '[]') AS log
    FROM delivery d LEFT JOIN webhook_endpoint w ON w.id = d.endpoint_id WHERE d.id = ${id}`);
  if (!delivery) throw new DeliveryNotFoundError(id);
  return delivery;
}

/**
 * Queues deliveries to be sent again at once, with the full number of attempts, including those that were sent and
 * e-mails that had become too old. Each keeps its idempotency key. Webhooks whose endpoint is removed or switched off
 * stay as they are.
 * @param atMost the maximum number, the oldest first; all by default
 * @returns their ids
 */
export async function retryDeliveries(
  transaction: TenantTransaction,
  filter: DeliveryFilter,
  atMost?: number,
): Promise<number[]> {
  return await change(
    transaction,
    sql`status = 'PENDING', attempts = 0, next_attempt_at = now(), sent_at = NULL, fresh_since = now()`,
    sql`${chosen(filter)} AND (d.kind = 'email' OR EXISTS (
      SELECT FROM webhook_endpoint w WHERE w.id = d.endpoint_id AND w.is_active))`,
    atMost,
  );
}

/**
 * Cancels deliveries that wait or are held.
 * @param atMost the maximum number, the oldest first; all by default
 * @returns their ids
 */
export async function cancelDeliveries(
  transaction: TenantTransaction,
  filter: DeliveryFilter,
  atMost?: number,
): Promise<number[]> {
  return await change(
    transaction,
    sql`status = 'CANCELLED', last_error = 'cancelled by hand'`,
    sql`${chosen(filter)} AND d.status IN ('PENDING', 'HELD')`,
    atMost,
  );
}

/**
 * Locks the endpoints so that nobody switches or removes them meanwhile, which would lock their deliveries in another
 * order. Endpoints are always locked before deliveries.
 */
export async function holdEndpoints(transaction: TenantTransaction): Promise<void> {
  await transaction.query(sql`SELECT FROM webhook_endpoint ORDER BY id FOR NO KEY UPDATE`);
}

async function change(
  transaction: TenantTransaction,
  changes: Sql,
  condition: Sql<boolean>,
  atMost: number | null = null,
): Promise<number[]> {
  await holdEndpoints(transaction);
  const rows = await transaction.query(sql<{ id: number }>`
    UPDATE delivery SET ${changes}
    WHERE id IN (SELECT d.id FROM delivery d WHERE ${condition} ORDER BY d.id LIMIT ${atMost} FOR UPDATE OF d)
    RETURNING id`);
  return rows.map(({ id }) => id).sort((a, b) => a - b);
}
