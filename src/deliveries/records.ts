import type { Database } from '../database/database.js';
import { sql } from '../database/sql.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { spans } from '../platform/spans.js';
import type { AttemptOutcome } from './attempt-outcome.js';
import { MOST_ATTEMPTS, secondsUntilNext } from './backoff.js';

/** A delivery, with everything that sending it needs. */
export interface Delivery {
  readonly id: number;
  readonly kind: 'webhook' | 'email';
  readonly status: string;
  readonly attempts: number;
  readonly eventType: string;
  readonly idempotencyKey: string;
  readonly subject: string;
  readonly body: string;
  readonly recipient: string | null;
  /** The sender of e-mails in the tenant's settings. */
  readonly emailFrom: string | null;
  readonly endpoint: {
    readonly id: number;
    readonly url: string;
    readonly secrets: readonly string[];
  } | null;
  /** Whether the endpoint exists and is switched on. */
  readonly endpointActive: boolean;
  /** The link whose token the text needs; `nonce` is null when it was used or has expired. Null for other deliveries. */
  readonly link: { readonly nonce: string | null; readonly hash: string } | null;
  /** Hours since the event, or since the delivery was requested again. */
  readonly ageHours: number;
  /** The event that it tells of, and the request that caused that; null where none did, or spans are not exported. */
  readonly eventId: number | null;
  readonly requestId: string | null;
}

/** Number of consecutive failures after which an endpoint is switched off, if they span at least FAILING_FOR. */
const MOST_FAILURES = 50;
const FAILING_FOR = sql`interval '1 hour'`;

/** SQL for the secrets with which deliveries to endpoint `e` are signed, the current one first. */
export const SECRETS = sql<string[]>`to_json(array_remove(
  ARRAY[e.secret, CASE WHEN e.previous_secret_until > now() THEN e.previous_secret END], NULL))`;

const REQUEST_ID = sql<string>`(SELECT c.request_id FROM immigration_event c WHERE c.id = d.event_id)`;
const NOT_READ = sql<null>`NULL::text`;

const deliveryOf = (id: number) => sql<Delivery>`
  SELECT d.id, d.kind, d.status, d.attempts, d.event_type AS "eventType", d.idempotency_key AS "idempotencyKey",
         d.subject, d.body, d.recipient, public.tenant_email_settings() ->> 'from' AS "emailFrom",
         CASE WHEN e.id IS NOT NULL
           THEN json_build_object('id', e.id, 'url', e.url, 'secrets', ${SECRETS}) END AS endpoint,
         coalesce(e.is_active, false) AS "endpointActive",
         CASE WHEN d.link_id IS NOT NULL
           THEN json_build_object('nonce', l.nonce, 'hash', encode(l.token_hash, 'hex')) END AS link,
         extract(epoch FROM now() - d.fresh_since)::float8 / 3600 AS "ageHours",
         d.event_id AS "eventId", ${spans.sink ? REQUEST_ID : NOT_READ} AS "requestId"
  FROM delivery d LEFT JOIN webhook_endpoint e ON e.id = d.endpoint_id
  LEFT JOIN account_link l ON l.id = d.link_id AND l.expires_at > now()
  WHERE d.id = ${id}`;

/** Reads a delivery with everything that sending it needs; null when it no longer exists. */
export async function loadDelivery(database: Database, schema: string, id: number): Promise<Delivery | null> {
  const [delivery] = await database.tenantQuery({ schema, userId: null }, deliveryOf(id));
  return delivery ?? null;
}

/**
 * Stores the outcome of an attempt: in the delivery, its log and the endpoint's count of failures. A delivery that was
 * cancelled or sent by another process meanwhile stays as it is, unless this attempt did send it.
 */
export async function recordOutcome(
  database: Database,
  schema: string,
  delivery: Delivery,
  outcome: AttemptOutcome,
): Promise<void> {
  await database.tenantTransaction({ schema, userId: null }, async (transaction) => {
    // The endpoint always first: switching an endpoint off locks it before its deliveries too.
    const endpoint = delivery.endpoint && noteAtEndpoint(transaction, delivery.endpoint.id, outcome);
    const attempt = transaction.query(sql`
      INSERT INTO delivery_attempt (delivery_id, duration_ms, status_code, answer, error)
      SELECT id, ${outcome.durationMs}, ${outcome.statusCode}, ${outcome.answer}, ${outcome.error}
      FROM delivery WHERE id = ${delivery.id}`);
    const marked = outcome.sent
      ? markSent(transaction, delivery)
      : markFailed(transaction, delivery, outcome);
    await Promise.all([endpoint, attempt, marked]);
  });
}

/** Cancels a delivery that is not to be sent. */
export async function cancelDelivery(
  database: Database,
  schema: string,
  id: number,
  reason: string,
): Promise<void> {
  await database.tenantQuery(
    { schema, userId: null },
    sql`
      UPDATE delivery SET status = 'CANCELLED', last_error = ${reason} WHERE id = ${id} AND status = 'PENDING'`,
  );
}

/** Keeps a delivery until its endpoint is switched on again. */
export async function holdDelivery(database: Database, schema: string, id: number): Promise<void> {
  await database.tenantQuery(
    { schema, userId: null },
    sql`UPDATE delivery SET status = 'HELD' WHERE id = ${id} AND status = 'PENDING'`,
  );
}

function markSent(transaction: TenantTransaction, { id }: Delivery) {
  return transaction.query(sql`
    UPDATE delivery SET status = 'SENT', sent_at = now(), attempts = attempts + 1, last_error = NULL
    WHERE id = ${id} AND status <> 'SENT'`);
}

function markFailed(transaction: TenantTransaction, { id, attempts }: Delivery, outcome: AttemptOutcome) {
  const failed = attempts + 1;
  const isLast = outcome.permanent === true || failed >= MOST_ATTEMPTS;
  const wait = isLast ? 0 : secondsUntilNext(failed, outcome.retryAfter);
  // HELD: this attempt, or a user, has switched the endpoint off.
  const status = isLast ? sql`'FAILED'` : sql`status`;
  return transaction.query(sql`
    UPDATE delivery SET status = ${status}, attempts = ${failed}, last_error = ${outcome.error},
           next_attempt_at = now() + make_interval(secs => ${wait})
    WHERE id = ${id} AND status IN ('PENDING', 'HELD') AND attempts = ${attempts}`);
}

/**
 * Counts a failure of an endpoint, and may switch the endpoint off. Time counts besides the number, since a receiver
 * that restarts under load fails many times within seconds. An endpoint that answers 410 is switched off at once.
 */
function noteAtEndpoint(
  transaction: TenantTransaction,
  id: number,
  { sent, error, gone = false }: AttemptOutcome,
) {
  if (sent) {
    return transaction.query(sql`
      UPDATE webhook_endpoint SET failures = 0, failing_since = NULL WHERE id = ${id} AND failures > 0`);
  }
  return transaction.query(gone ? noteGone(id) : noteFailure(id, error));
}

const noteGone = (id: number) => sql`
  UPDATE webhook_endpoint SET
    failures = failures + 1,
    failing_since = coalesce(failing_since, now()),
    is_active = false,
    disabled_reason = CASE WHEN is_active THEN 'the receiver answered 410 Gone' ELSE disabled_reason END,
    updated_at = CASE WHEN is_active THEN now() ELSE updated_at END
  WHERE id = ${id}`;

const IS_ENOUGH = sql<boolean>`(
  failures + 1 >= ${MOST_FAILURES}::integer AND coalesce(failing_since <= now() - ${FAILING_FOR}, false))`;

const noteFailure = (id: number, error: string | null) => sql`
  UPDATE webhook_endpoint SET
    failures = failures + 1,
    failing_since = coalesce(failing_since, now()),
    is_active = is_active AND NOT ${IS_ENOUGH},
    disabled_reason = CASE WHEN is_active AND ${IS_ENOUGH}
      THEN format('%s attempts in a row failed since %s; the last: %s', failures + 1,
                  to_char(failing_since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), ${error}::text)
      ELSE disabled_reason END,
    updated_at = CASE WHEN is_active AND ${IS_ENOUGH} THEN now() ELSE updated_at END
  WHERE id = ${id}`;
