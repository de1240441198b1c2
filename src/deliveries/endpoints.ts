import type { Database } from '../database/database.js';
import { statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { PlainError } from '../plain-error.js';
import { checkEventPatterns } from './event-patterns.js';
import { cancelIfOff } from './records.js';
import { newSecret } from './signature.js';
import { checkWebhookUrl, type WebhookPolicy } from './webhook-target.js';

/** Where an agency is told of events; the secret is shown once, when the endpoint is made. */
export interface Endpoint {
  readonly id: number;
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly isActive: boolean;
  readonly disabledReason: string | null;
  /** Attempts that failed since the last that did not. */
  readonly failures: number;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

/** There is no endpoint with this id. */
export class EndpointNotFoundError extends PlainError {
  override readonly name = 'EndpointNotFoundError';

  constructor(id: number) {
    super(`there is no webhook endpoint ${id}; see: leopard webhooks list`);
  }
}

const COLUMNS = `id, url, event_types AS "eventTypes", is_active AS "isActive", disabled_reason AS "disabledReason",
  failures, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "createdAt"`;

/**
 * Adds an endpoint to a tenant.
 * @param eventTypes patterns such as `Client.CREATE`, `Client.*`, `*`
 * @returns the endpoint and its secret, which is told nowhere else
 * @throws ForbiddenTargetError; PlainError for a pattern that can match nothing
 */
export async function addEndpoint(
  database: Database,
  schema: string,
  { url, eventTypes }: { readonly url: string; readonly eventTypes: readonly string[] },
  policy: WebhookPolicy,
): Promise<Endpoint & { readonly secret: string }> {
  const { href } = checkWebhookUrl(url, policy);
  checkEventPatterns(eventTypes);
  const secret = newSecret();
  const [endpoint] = await database.tenantQuery(
    { schema, userId: null },
    statement<Endpoint>(
      `INSERT INTO webhook_endpoint (url, secret, event_types) VALUES ($1, $2, $3::jsonb) RETURNING ${COLUMNS}`,
      [href, secret, JSON.stringify(eventTypes)],
    ),
  );
  return { ...endpoint!, secret };
}

/** All endpoints of a tenant. */
export async function listEndpoints(database: Database, schema: string): Promise<Endpoint[]> {
  return await database.tenantQuery(
    { schema, userId: null },
    statement<Endpoint>(`SELECT ${COLUMNS} FROM webhook_endpoint ORDER BY id`),
  );
}

/** An endpoint's address and secret, to send something there. @throws EndpointNotFoundError */
export async function findEndpoint(
  database: Database,
  schema: string,
  id: number,
): Promise<{ readonly url: string; readonly secret: string }> {
  const [endpoint] = await database.tenantQuery(
    { schema, userId: null },
    statement<{ url: string; secret: string }>('SELECT url, secret FROM webhook_endpoint WHERE id = $1', [
      id,
    ]),
  );
  if (!endpoint) throw new EndpointNotFoundError(id);
  return endpoint;
}

/**
 * Switches an endpoint on, or off with a reason; what waits for one that is switched off is cancelled.
 * @param reason null: on
 * @throws EndpointNotFoundError
 */
export async function switchEndpoint(
  database: Database,
  schema: string,
  id: number,
  reason: string | null,
): Promise<Endpoint> {
  return await database.tenantTransaction({ schema, userId: null }, (transaction) =>
    switchIn(transaction, id, reason),
  );
}

/** Removes an endpoint; what waits for it is cancelled, the log stays. @throws EndpointNotFoundError */
export async function removeEndpoint(database: Database, schema: string, id: number): Promise<void> {
  await database.tenantTransaction({ schema, userId: null }, async (transaction) => {
    await switchIn(transaction, id, 'it is removed');
    await transaction.query(statement('DELETE FROM webhook_endpoint WHERE id = $1', [id]));
  });
}

async function switchIn(
  transaction: TenantTransaction,
  id: number,
  reason: string | null,
): Promise<Endpoint> {
  const [endpoint] = await transaction.query(
    statement<Endpoint>(
      `UPDATE webhook_endpoint
       SET is_active = $2::text IS NULL, disabled_reason = $2, failures = 0, failing_since = NULL, updated_at = now()
       WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, reason],
    ),
  );
  if (!endpoint) throw new EndpointNotFoundError(id);
  await cancelIfOff(transaction, id);
  return endpoint;
}
