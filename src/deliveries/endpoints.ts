import { type Sql, sql } from '../database/sql.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { PlainError } from '../platform/plain-error.js';
import { checkEventPatterns } from './event-patterns.js';
import { SECRETS } from './records.js';
import { newSecret } from './signature.js';
import { checkWebhookUrl, type WebhookPolicy } from './webhook-target.js';

/** A webhook endpoint, which receives an agency's events. Its secret is shown once, on creation. */
export interface Endpoint {
  readonly id: number;
  readonly url: string;
  readonly event_types: readonly string[];
  readonly is_active: boolean;
  readonly disabled_reason: string | null;
  /** Number of failed attempts since the last success. */
  readonly failures: number;
  /** The time when the current secret was made. ISO 8601, UTC. */
  readonly secret_set_at: string;
  /** The time until which the previous secret signs too; null if it does not. ISO 8601, UTC. */
  readonly previous_secret_until: string | null;
  /** ISO 8601, UTC. */
  readonly created_at: string;
}

/** Thrown when there is no endpoint with this id. */
export class EndpointNotFoundError extends PlainError {
  override readonly name = 'EndpointNotFoundError';

  constructor(id: number) {
    super(`there is no webhook endpoint ${id}; see: leopard webhooks list --tenant TENANT`);
  }
}

/** Maximum number of endpoints per tenant: every change matches its events against each, within its own transaction. */
export const MOST_ENDPOINTS = 50;

/** Thrown when the tenant has reached its maximum number of endpoints. */
export class TooManyEndpointsError extends PlainError {
  override readonly name = 'TooManyEndpointsError';

  constructor() {
    super(`there are ${MOST_ENDPOINTS} webhook endpoints already, which is the most; remove one first`);
  }
}

/** Default and maximum number of hours for which the previous secret signs beside a new one. */
export const DEFAULT_OVERLAP_HOURS = 24;
export const MOST_OVERLAP_HOURS = 30 * 24;

const iso = (time: string) => sql`to_char(${sql.ref(time)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
const COLUMNS = sql`id, url, event_types, is_active, disabled_reason, failures, ${iso('secret_set_at')} AS secret_set_at,
  CASE WHEN previous_secret_until > now() THEN ${iso('previous_secret_until')} END AS previous_secret_until,
  ${iso('created_at')} AS created_at`;

/**
 * Adds an endpoint to the transaction's tenant.
 * @param eventTypes patterns such as `Client.CREATE`, `Client.*`, `*`
 * @returns the endpoint and its secret, which is shown nowhere else
 * @throws ForbiddenTargetError, TooManyEndpointsError; PlainError for a pattern that can match nothing
 */
export async function addEndpoint(
  transaction: TenantTransaction,
  { url, eventTypes }: { readonly url: string; readonly eventTypes: readonly string[] },
  policy: WebhookPolicy,
): Promise<Endpoint & { readonly secret: string }> {
  const { href } = checkWebhookUrl(url, policy);
  checkEventPatterns(eventTypes);
  const secret = newSecret();
  // A concurrent addition waits for this lock, and then counts this endpoint too.
  transaction.send(
    sql`SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext('webhook endpoints'))`,
  );
  const [endpoint] = await transaction.query(sql<Endpoint>`
    INSERT INTO webhook_endpoint (url, secret, event_types)
    SELECT ${href}, ${secret}, ${JSON.stringify(eventTypes)}::jsonb
    WHERE (SELECT count(*) FROM webhook_endpoint) < ${MOST_ENDPOINTS} RETURNING ${COLUMNS}`);
  if (!endpoint) throw new TooManyEndpointsError();
  return { ...endpoint, secret };
}

/** Returns all endpoints of the transaction's tenant, oldest first. */
export async function listEndpoints(transaction: TenantTransaction): Promise<Endpoint[]> {
  return await transaction.query(sql<Endpoint>`SELECT ${COLUMNS} FROM webhook_endpoint ORDER BY id`);
}

/** Returns one endpoint. @throws EndpointNotFoundError */
export async function readEndpoint(transaction: TenantTransaction, id: number): Promise<Endpoint> {
  const endpoints = await transaction.query(
    sql<Endpoint>`SELECT ${COLUMNS} FROM webhook_endpoint WHERE id = ${id}`,
  );
  return only(endpoints, id);
}

/**
 * Changes an endpoint's address or its event types; waiting deliveries go to the new address.
 * @throws EndpointNotFoundError, ForbiddenTargetError; PlainError for a pattern that can match nothing
 */
export async function changeEndpoint(
  transaction: TenantTransaction,
  id: number,
  {
    url,
    eventTypes,
  }: { readonly url?: string | undefined; readonly eventTypes?: readonly string[] | undefined },
  policy: WebhookPolicy,
): Promise<Endpoint> {
  const href = url === undefined ? null : checkWebhookUrl(url, policy).href;
  if (eventTypes) checkEventPatterns(eventTypes);
  const types = eventTypes ? JSON.stringify(eventTypes) : null;
  return await change(
    transaction,
    id,
    sql`url = coalesce(${href}, url), event_types = coalesce(${types}::jsonb, event_types)`,
  );
}

/** Finds an endpoint's address and the secrets that sign, to send something there. @throws EndpointNotFoundError */
export async function findEndpoint(
  transaction: TenantTransaction,
  id: number,
): Promise<{ readonly url: string; readonly secrets: readonly string[] }> {
  const endpoints = await transaction.query(sql<{ url: string; secrets: string[] }>`
    SELECT e.url, ${SECRETS} AS secrets FROM webhook_endpoint e WHERE e.id = ${id}`);
  return only(endpoints, id);
}

/**
 * Switches an endpoint on, or off for a reason. Deliveries to an endpoint that is off are held until it is switched on
 * again.
 * @param reason null to switch it on
 * @throws EndpointNotFoundError
 */
export async function switchEndpoint(
  transaction: TenantTransaction,
  id: number,
  reason: string | null,
): Promise<Endpoint> {
  return await change(
    transaction,
    id,
    sql`is_active = ${reason === null}, disabled_reason = ${reason}, failures = 0, failing_since = NULL`,
  );
}

/**
 * Gives an endpoint a new secret. The previous one also signs for a while, so that the receiver can switch without
 * missing anything; older ones no longer do.
 * @param overlapHours the length of that time; 0 ends the previous one at once
 * @returns the endpoint and its new secret, which is shown nowhere else
 * @throws EndpointNotFoundError
 */
export async function rotateSecret(
  transaction: TenantTransaction,
  id: number,
  overlapHours: number = DEFAULT_OVERLAP_HOURS,
): Promise<Endpoint & { readonly secret: string }> {
  const secret = newSecret();
  const overlap = overlapHours * 3600;
  const endpoint = await change(
    transaction,
    id,
    sql`secret = ${secret}, secret_set_at = now(),
      previous_secret = CASE WHEN ${overlap}::float8 > 0 THEN secret END,
      previous_secret_until = CASE WHEN ${overlap}::float8 > 0 THEN now() + make_interval(secs => ${overlap}) END`,
  );
  return { ...endpoint, secret };
}

/** Removes an endpoint; its waiting deliveries are cancelled, the log stays. @throws EndpointNotFoundError */
export async function removeEndpoint(transaction: TenantTransaction, id: number): Promise<void> {
  const removed = await transaction.query(sql`DELETE FROM webhook_endpoint WHERE id = ${id} RETURNING id`);
  only(removed, id);
}

async function change(transaction: TenantTransaction, id: number, changes: Sql): Promise<Endpoint> {
  const changed = await transaction.query(sql<Endpoint>`
    UPDATE webhook_endpoint SET ${changes}, updated_at = now() WHERE id = ${id} RETURNING ${COLUMNS}`);
  return only(changed, id);
}

function only<T>([endpoint]: readonly T[], id: number): T {
  if (!endpoint) throw new EndpointNotFoundError(id);
  return endpoint;
}
