import type { Database } from '../database/database.js';
import { statement } from '../database/statement.js';
import { PlainError } from '../plain-error.js';

export const DELIVERY_STATUSES = ['PENDING', 'SENT', 'FAILED', 'CANCELLED'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** Which deliveries are meant; what is not given does not matter. */
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

const ISO = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;
const COLUMNS = `
  d.id, d.kind, d.status, d.event_type AS "eventType", d.event_id AS "eventId", d.endpoint_id AS "endpointId",
  coalesce(d.recipient, w.url) AS "to", d.attempts, d.last_error AS "lastError",
  CASE WHEN d.status = 'PENDING' THEN to_char(d.next_attempt_at AT TIME ZONE 'UTC', ${ISO}) END AS "nextAttemptAt",
  to_char(d.created_at AT TIME ZONE 'UTC', ${ISO}) AS "createdAt",
  to_char(d.sent_at AT TIME ZONE 'UTC', ${ISO}) AS "sentAt"`;

const CHOSEN = `($1::bigint[] IS NULL OR d.id = ANY ($1)) AND ($2::text IS NULL OR d.status = $2)
  AND ($3::text IS NULL OR d.kind = $3) AND ($4::bigint IS NULL OR d.endpoint_id = $4)
  AND ($5::bigint IS NULL OR d.event_id = $5)`;

const chosen = ({ ids, status, kind, endpoint, event }: DeliveryFilter) => [
  ids ?? null,
  status ?? null,
  kind ?? null,
  endpoint ?? null,
  event ?? null,
];

/** The newest deliveries of a tenant. */
export async function listDeliveries(
  database: Database,
  schema: string,
  filter: DeliveryFilter,
  limit: number,
): Promise<ListedDelivery[]> {
  return await database.tenantQuery(
    { schema, userId: null },
    statement<ListedDelivery>(
      `SELECT ${COLUMNS} FROM delivery d LEFT JOIN webhook_endpoint w ON w.id = d.endpoint_id
       WHERE ${CHOSEN} ORDER BY d.id DESC LIMIT $6`,
      [...chosen(filter), limit],
    ),
  );
}

/** One delivery with its text and the log of its attempts. @throws PlainError when there is none */
export async function showDelivery(database: Database, schema: string, id: number): Promise<ShownDelivery> {
  const [delivery] = await database.tenantQuery(
    { schema, userId: null },
    statement<ShownDelivery>(
      `SELECT ${COLUMNS}, d.idempotency_key AS "idempotencyKey", d.subject, d.body,
         coalesce((
           SELECT json_agg(json_build_object(
             'attemptedAt', to_char(a.attempted_at AT TIME ZONE 'UTC', ${ISO}), 'durationMs', a.duration_ms,
             'statusCode', a.status_code, 'answer', a.answer, 'error', a.error) ORDER BY a.id)
           FROM delivery_attempt a WHERE a.delivery_id = d.id), '[]') AS log
       FROM delivery d LEFT JOIN webhook_endpoint w ON w.id = d.endpoint_id WHERE d.id = $1`,
      [id],
    ),
  );
  if (!delivery) throw new PlainError(`there is no delivery ${id}; see: leopard deliveries list`);
  return delivery;
}

/**
 * Has deliveries sent anew, at once and with all attempts before them again: also those that were sent. Each keeps its
 * idempotency key. Webhooks whose endpoint is removed or switched off stay as they are.
 * @returns their ids
 */
export async function retryDeliveries(
  database: Database,
  schema: string,
  filter: DeliveryFilter,
): Promise<number[]> {
  return await changed(
    database,
    schema,
    `UPDATE delivery d SET status = 'PENDING', attempts = 0, next_attempt_at = now(), sent_at = NULL
     WHERE ${CHOSEN} AND (d.kind = 'email' OR EXISTS (
       SELECT FROM webhook_endpoint w WHERE w.id = d.endpoint_id AND w.is_active)) RETURNING d.id`,
    filter,
  );
}

/** Ends deliveries that wait. @returns their ids */
export async function cancelDeliveries(
  database: Database,
  schema: string,
  filter: DeliveryFilter,
): Promise<number[]> {
  return await changed(
    database,
    schema,
    `UPDATE delivery d SET status = 'CANCELLED', last_error = 'cancelled by an operator'
     WHERE ${CHOSEN} AND d.status = 'PENDING' RETURNING d.id`,
    filter,
  );
}

async function changed(database: Database, schema: string, sql: string, filter: DeliveryFilter) {
  const query = { sql, parameters: chosen(filter) };
  const rows = await database.tenantQuery({ schema, userId: null }, query);
  return (rows as { id: number }[]).map(({ id }) => id).sort((a, b) => a - b);
}
