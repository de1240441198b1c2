import { type Sql, sql } from './sql.js';

/** The channels of NOTIFY. Migrations name them in their triggers; a test compares the two. */
export const CHANNELS = {
  /** A tenant or its domains changed; the payload is its schema, or empty for any. */
  tenants: 'leopard_tenants',
  /** Rights of a tenant's users changed, or tokens ended; the payload is the schema. */
  access: 'leopard_access',
  /** Sessions ended: `LogOutNotice`. */
  logOuts: 'leopard_log_outs',
  /** Events wait; the payload is the schema of one of their tenants, or empty. */
  events: 'leopard_events',
  /** Users have new notifications: `NewNotificationsNotice`. */
  notifications: 'leopard_notifications',
  /** A user has read notifications or marked them unread: `ReadsNotice`. */
  reads: 'leopard_notifications_read',
  /** A client import went on: `ImportNotice`. */
  imports: 'leopard_client_imports',
  /** A client import waits to be run; without payload. */
  dueImports: 'leopard_client_imports_due',
  /** A listener's notice to itself; the payload is a nonce. */
  heartbeat: 'leopard_heartbeat',
} as const;

export type Channel = (typeof CHANNELS)[keyof typeof CHANNELS];

/**
 * Returns the statement that sends a notice when its transaction commits.
 * @param payload JSON, or text that is sent as it is; a notice has room for 8,000 bytes
 */
export function notice(channel: Channel, payload: object | string): Sql {
  return sql`SELECT pg_notify(${channel}, ${typeof payload === 'string' ? payload : JSON.stringify(payload)})`;
}
