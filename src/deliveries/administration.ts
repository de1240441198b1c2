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
  readonly eventType: string;
  readonly eventId: number | null;
  readonly endpointId: number | null;
  /** The endpoint's address, or the e-mail's. */
  readonly to: string | null;
  readonly attempts: number;
  readonly nextAttemptAt: string | null;
  readonly lastError: string | null;
  readonly createdAt: string;
  readonly sentAt: string | null;
}

export interface ShownDelivery extends ListedDelivery {
  readonly idempotencyKey: string;
  readonly subject: string;
  readonly body: string;
  readonly log: readonly {
    readonly attemptedAt: string;
    readonly durationMs: number;
    readonly statusCode: number | null;
    readonly answer: string | null;
    readonly error: string | null;
  }[];
}

const ISO = sql`'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;
const COLUMNS = sql`
  d.id, d.kind, d.status, d.event_type AS "eventType", d.event_id AS "eventId", d.endpoint_id AS "endpointId",
  coalesce(d.recipient, w.url) AS "to", d.attempts, d.last_error AS "lastError",
  CASE WHEN d.status = 'PENDING' THEN to_char(d.next_attempt_at AT TIME ZONE 'UTC', ${ISO}) END AS "nextAttemptAt",
  to_char(d.created_at AT TIME ZONE 'UTC', ${ISO}) AS "createdAt",
  to_char(d.sent_at AT TIME ZONE 'UTC', ${ISO}) AS "sentAt"`;

const chosen = ({ ids, status, kind, endpoint, event }: DeliveryFilter) =>
  allOf([
    ids && sql`d.id = ANY (${ids}::bigint[])`,
    status && sql`d.status = ${status}`,
    kind && sql`d.kind = ${kind}`,
    endpoint !== undefined && sql`d.endpoint_id = ${endpoint}`,
    event !== undefined && sql`d.event_id = ${event}`,
  ]);

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
    SELECT ${COLUMNS}, d.idempotency_key AS "idempotencyKey", d.subject, d.body,
      coalesce((
        SELECT json_agg(json_build_object(
          'attemptedAt', to_char(a.attempted_at AT TIME ZONE 'UTC', ${ISO}), 'durationMs', a.duration_ms,
          'statusCode', a.status_code, 'answer', a.answer, 'error', a.error) ORDER BY a.id)
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
  atMost: number | null = null,
): Promise<number[]> {
  return await changed(
    transaction,
    sql`
      UPDATE delivery
      SET status = 'PENDING', attempts = 0, next_attempt_at = now(), sent_at = NULL, fresh_since = now()
      WHERE id IN (
        SELECT d.id FROM delivery d
        WHERE ${chosen(filter)} AND (d.kind = 'email' OR EXISTS (
          SELECT FROM webhook_endpoint w WHERE w.id = d.endpoint_id AND w.is_active))
        ORDER BY d.id LIMIT ${atMost} FOR UPDATE OF d) RETURNING id`,
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
  atMost: number | null = null,
): Promise<number[]> {
  return await changed(
    transaction,
    sql`
      UPDATE delivery SET status = 'CANCELLED', last_error = 'cancelled by hand'
      WHERE id IN (
        SELECT d.id FROM delivery d WHERE ${chosen(filter)} AND d.status IN ('PENDING', 'HELD')
        ORDER BY d.id LIMIT ${atMost} FOR UPDATE OF d) RETURNING id`,
  );
}

/**
 * Locks the endpoints so that nobody switches or removes them meanwhile, which would lock their deliveries in another
 * order. Endpoints are always locked before deliveries.
 */
export async function holdEndpoints(transaction: TenantTransaction): Promise<void> {
  await transaction.query(sql`SELECT FROM webhook_endpoint ORDER BY id FOR NO KEY UPDATE`);
}

async function changed(transaction: TenantTransaction, change: Sql<{ id: number }>): Promise<number[]> {
  await holdEndpoints(transaction);
  const rows = await transaction.query(change);
  return rows.map(({ id }) => id).sort((a, b) => a - b);
}
