/** The events of a tenant that an operator selects; omitted properties do not restrict them. */
export interface Selection {
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

/** The condition of a selection on a table named `e`; its parameters are $1 to $6. */
export const SELECTED = `
  ($1::bigint[] IS NULL OR e.id = ANY ($1))
  AND ($2::text IS NULL OR e.event_type = $2)
  AND ($3::text IS NULL OR e.status = $3)
  AND ($4::text IS NULL OR jsonb_path_exists(
    e.handler_results, '$.*.handler_name ? (@ == $name)', jsonb_build_object('name', $4::text)))
  AND ($5::timestamptz IS NULL OR e.created_at >= $5)
  AND ($6::timestamptz IS NULL OR e.created_at < $6)`;

/** Returns the parameters that SELECTED needs. */
export function selectionParameters({ ids, type, status, handler, since, until }: Selection): unknown[] {
  return [
    ids ?? null,
    type ?? null,
    status ?? null,
    handler ?? null,
    since?.toISOString() ?? null,
    until?.toISOString() ?? null,
  ];
}
