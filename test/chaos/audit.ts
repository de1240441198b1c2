import type { Scene } from './scene.js';
import { RULES } from './scene.js';

/** The result of a case. */
export interface CaseResult {
  readonly events: number;
  readonly lost: number;
  readonly doubled: number;
  readonly remarks: string;
}

export type Counts = Omit<CaseResult, 'remarks'>;

export interface AuditOptions {
  readonly schema?: string;
  /** Number of events that one change makes. */
  readonly rules?: number;
  /** Number of changes, where clients do not count them. */
  readonly changes?: number;
  /** Number of events that are FAILED, as expected; what their handlers have not done is not lost. */
  readonly failed?: number;
  /** Whether each event has both a timeline entry and a notification. */
  readonly both?: boolean;
  /** Number of answered changes by client. */
  readonly acknowledged?: ReadonlyMap<number, number>;
}

const ENTRIES = `
  SELECT (metadata ->> 'event_id')::bigint AS id, count(*)::integer AS n FROM immigration_clientactivity GROUP BY 1`;
const NOTICES = `
  SELECT (meta_info ->> 'event_id')::bigint AS id, count(*)::integer AS n FROM immigration_notification
  WHERE notification_type LIKE 'CLIENT%' GROUP BY 1`;

const COUNT = `
  WITH entry AS (${ENTRIES}), notice AS (${NOTICES}), each AS (
    SELECT e.id, e.status, coalesce(entry.n, 0) AS entries, coalesce(notice.n, 0) AS notices,
      CASE WHEN $1 OR handler_results #>> '{client_activity,status}' = 'SUCCESS' THEN 1 ELSE 0 END AS due_entries,
      CASE WHEN $1 OR handler_results #>> '{notification,status}' = 'SUCCESS' THEN 1 ELSE 0 END AS due_notices
    FROM immigration_event e LEFT JOIN entry USING (id) LEFT JOIN notice USING (id)
  )
  SELECT count(*)::integer AS made, count(*) FILTER (WHERE status = 'FAILED')::integer AS failed,
    count(*) FILTER (WHERE status NOT IN ('COMPLETED', 'FAILED'))::integer AS waiting,
    count(*) FILTER (WHERE status = 'COMPLETED' AND (entries < due_entries OR notices < due_notices))::integer AS missing,
    coalesce(sum(greatest(entries - 1, 0) + greatest(notices - 1, 0)), 0)::integer AS repeated,
    (SELECT count(*)::integer FROM (SELECT id FROM entry UNION SELECT id FROM notice) done
     WHERE id NOT IN (SELECT id FROM immigration_event)) AS unfounded,
    (SELECT coalesce(sum(last_name::integer), 0)::integer FROM immigration_client) AS changes
  FROM each`;

/**
 * Counts a tenant's changes, their events, and what handlers wrote for each: lost is what should exist and does not,
 * doubled what exists more than once or without a reason.
 * @throws Error when the number of failed events is unexpected
 */
export async function audit(scene: Scene, options: AuditOptions = {}): Promise<Counts> {
  const { schema = 'tenant_main', rules = RULES, failed = 0, both = true, acknowledged } = options;
  const [row] = await scene.sql(COUNT, [both], schema);
  const { made, missing, waiting, repeated, unfounded } = row as Record<string, number>;
  if (row!.failed !== failed) throw new Error(`${row!.failed} events have failed instead of ${failed}`);
  const expected = rules * (options.changes ?? row!.changes);
  let forgotten = 0;
  if (acknowledged) {
    const query = 'SELECT id::integer, last_name::integer AS changes FROM immigration_client';
    for (const { id, changes } of await scene.sql(query, [], schema))
      forgotten += Math.max(0, (acknowledged.get(id) ?? 0) - changes);
  }
  return {
    events: made!,
    lost: Math.max(0, expected - made!) + missing! + waiting! + forgotten,
    doubled: Math.max(0, made! - expected) + repeated! + unfounded!,
  };
}

/** Adds the counts of several tenants. */
export function sum(...counts: readonly Counts[]): Counts {
  const total = (value: (count: Counts) => number) => counts.reduce((all, count) => all + value(count), 0);
  return {
    events: total(({ events }) => events),
    lost: total(({ lost }) => lost),
    doubled: total(({ doubled }) => doubled),
  };
}

export const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
export const count = (value: number) => Math.round(value).toLocaleString('en');
