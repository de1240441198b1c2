import { allOf } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';

/** The events of a tenant that an operator selects; omitted properties do not restrict them. */
export interface EventSelection {
  readonly ids?: readonly number[];
  readonly type?: string;
  readonly status?: EventStatus;
  /** The name of a handler of which they have a result. */
  readonly handler?: string;
  /** Creation times: from, inclusive, and before. */
  readonly since?: Date;
  readonly until?: Date;
}

export const EVENT_STATUSES = ['PENDING', 'PROCESSING', 'COMPLETED', 'FAILED'] as const;
export type EventStatus = (typeof EVENT_STATUSES)[number];

/** Returns the condition that a row `e` of the events is selected. */
export function selected({ ids, type, status, handler, since, until }: EventSelection): Sql<boolean> {
  return allOf([
    ids && sql`e.id = ANY (${ids}::bigint[])`,
    type !== undefined && sql`e.event_type = ${type}`,
    status && sql`e.status = ${status}`,
    handler !== undefined &&
      sql`jsonb_path_exists(
        e.handler_results, '$.*.handler_name ? (@ == $name)', jsonb_build_object('name', ${handler}::text))`,
    since && sql`e.created_at >= ${since.toISOString()}::timestamptz`,
    until && sql`e.created_at < ${until.toISOString()}::timestamptz`,
  ]);
}
