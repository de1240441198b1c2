import { type Sql, sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';

/** A delivery queued in a transaction, to be sent after its commit. */
export interface LeftDelivery {
  readonly id: number;
}

/** Returns the query for those types of these events that an endpoint of the tenant wants. */
export function typesForWebhooks(eventIds: readonly number[]): Statement<{ readonly event_type: string }> {
  return sql`
    SELECT e.event_type
    FROM (SELECT DISTINCT event_type FROM immigration_event WHERE id = ANY (${eventIds}::bigint[])) e
    WHERE EXISTS (
      SELECT FROM webhook_endpoint w WHERE w.is_active AND public.event_type_matches(w.event_types, e.event_type))`;
}

/**
 * Returns the statement that queues one delivery for each enabled endpoint that wants this event. The body is what is
 * sent, byte for byte: {id, type, tenant, created_at, data}.
 */
export function leaveWebhooks(eventId: number): Statement<LeftDelivery> {
  return sql`
    INSERT INTO delivery (kind, endpoint_id, destination, event_id, event_type, idempotency_key, body)
    SELECT 'webhook', w.id, 'endpoint ' || w.id, e.id, e.event_type, key.id,
           json_build_object(
             'id', key.id,
             'type', e.event_type,
             'tenant', substr(current_schema(), length('tenant_') + 1),
             'created_at', to_char(e.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
             'data', json_build_object(
               'entity_type', e.entity_type,
               'entity_id', coalesce((e.metadata ->> 'entity_id')::bigint, e.entity_id),
               'previous_state', e.previous_state,
               'current_state', e.current_state,
               'changed_fields', e.changed_fields))::text
    FROM immigration_event e
    JOIN webhook_endpoint w ON w.is_active AND public.event_type_matches(w.event_types, e.event_type)
    CROSS JOIN LATERAL (SELECT gen_random_uuid() AS id WHERE w.id IS NOT NULL) AS key
    WHERE e.id = ${eventId}
    ORDER BY w.id
    RETURNING id`;
}

export interface NewEmail {
  readonly eventId: number;
  readonly eventType: string;
  readonly subject: string;
  /** Plain text. */
  readonly body: string;
}

/**
 * The recipients of an e-mail: a query for users' ids, which may use a row `r` with `user_ids` and `branch_id`, and the
 * values of that row.
 */
export interface EmailRecipients {
  readonly query: Sql<{ id: number }>;
  readonly userIds: readonly number[];
  readonly branchId: number | null;
}

/**
 * Returns the statement that queues one e-mail for each of these users who is active and has an address; none unless
 * the tenant's settings switch e-mail on.
 */
export function leaveEmails(
  { eventId, eventType, subject, body }: NewEmail,
  { query, userIds, branchId }: EmailRecipients,
): Statement<LeftDelivery> {
  return sql`
    INSERT INTO delivery (kind, recipient, destination, event_id, event_type, subject, body, fresh_since)
    SELECT 'email', u.email, 'mail', ${eventId}::bigint, ${eventType}, left(${subject}, 255), ${body},
      coalesce((SELECT e.created_at FROM immigration_event e WHERE e.id = ${eventId}), now())
    FROM (SELECT ${userIds}::bigint[] AS user_ids, ${branchId}::bigint AS branch_id) r
    CROSS JOIN LATERAL (${query}) addressee
    JOIN immigration_user u ON u.id = addressee.id
    WHERE (SELECT public.tenant_email_settings()) -> 'enabled' = 'true'
      AND u.is_active AND u.email LIKE '%_@_%'
    ORDER BY u.id
    RETURNING id`;
}
