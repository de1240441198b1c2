import type { Database } from '../../database/database.js';
import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { contextOf, type ReferringEvent, readRelated } from '../handlers/event-context.js';
import { newNotificationsNotice } from '../new-notifications.js';
import { typesForWebhooks } from '../outbox.js';
import { alertOfFailures, type Failure } from './alerts.js';
import type { BatchLimits } from './batch-limits.js';
import { type HandledEvent, outcomeStatements } from './event-outcome.js';
import {
  awaitAlerts,
  claimEvents,
  type EventClaim,
  type EventCursors,
  finishEvents,
  type Portion,
  takeEvents,
} from './event-queue.js';
import { placeOfBatch, recordBatch } from './event-spans.js';
import { type HandlerBindings, withWebhooks } from './handler-bindings.js';
import { runJobs } from './run-jobs.js';
import { sortEvents } from './sort-events.js';

/** The dependencies of a batch. */
export interface BatchTools {
  readonly database: Database;
  readonly bindings: HandlerBindings;
  /** The groups that are alerted to events which failed for good. */
  readonly alertRoles: readonly string[];
  readonly limits: BatchLimits;
  readonly cursors: EventCursors;
}

/** The result of a turn. */
export interface EventBatchResult {
  readonly handled: readonly HandledEvent[];
  /** Whether the tenant is likely to have more events that are due. */
  readonly hasMore: boolean;
}

/**
 * Handles the next events of a tenant. All their effects are committed, or none.
 * @param pausedHandlers those known to be paused, whose events are not even claimed
 * @returns what was handled: nothing when nothing was due, or another worker serves the tenant now
 * @throws database errors
 */
export async function runBatch(
  tools: BatchTools,
  schema: string,
  pausedHandlers: readonly string[],
): Promise<EventBatchResult> {
  const leftOut = tools.bindings.typesUsing(pausedHandlers);
  const since = tools.cursors.of(schema);
  const most = tools.limits.batch;
  const alone: Portion = { most: 1, alone: true, leftOut, since: null };
  const portions: Portion[] = [
    // A tenant that always has other events gets a turn for these too.
    ...(tools.cursors.isTimeForAlone(schema) ? [alone] : []),
    ...(since === null ? [] : [{ most, alone: false, leftOut, since }]),
    { most, alone: false, leftOut, since: null },
    alone,
  ];
  for (const portion of portions) {
    const claims = await claimEvents(tools.database, schema, portion);
    if (!portion.alone) tools.cursors.note(schema, portion, claims);
    if (claims.length === 0) continue;
    const trace = placeOfBatch();
    const startedAt = performance.now();
    const handled = await tools.database.tenantTransaction({ schema, userId: null, trace }, (transaction) =>
      handleClaimed(tools, transaction, schema, claims),
    );
    if (trace) recordBatch(schema, trace, startedAt, handled);
    return { handled, hasMore: claims.length === portion.most };
  }
  return { handled: [], hasMore: false };
}

async function handleClaimed(
  tools: BatchTools,
  transaction: TenantTransaction,
  schema: string,
  claims: readonly EventClaim[],
): Promise<HandledEvent[]> {
  const bounds = sql`
    SELECT pg_catalog.set_config('lock_timeout', ${String(tools.limits.lockWait)}, true),
    pg_catalog.set_config('statement_timeout', ${String(tools.limits.event)}, true)`;
  transaction.send(bounds);
  const ids = claims.map(({ id }) => id);
  const fieldsOf = ({ event_type }: Pick<ReferringEvent, 'event_type'>) =>
    (tools.bindings.of(event_type) ?? []).flatMap(({ related }) => related);
  const known = claims.flatMap(({ event }) => event ?? []);
  const [{ events, clientType }, wanted, readAhead] = await Promise.all([
    takeEvents(transaction, schema, ids),
    transaction.query(typesForWebhooks(ids)),
    readRelated(transaction, known, fieldsOf, claims[0]?.clientType ?? null),
  ]);
  if (events.length === 0) return [];

  const forWebhooks = new Set(wanted.map(({ event_type }) => event_type));
  const { decided, untold, toRun } = sortEvents(
    events,
    (event) => {
      const bindings = tools.bindings.of(event.event_type);
      return bindings && withWebhooks(bindings, event, forWebhooks);
    },
    claims[0]?.pausedHandlers ?? [],
  );
  const toRead = toRun.map(({ event }) => event);
  const isReadAhead = toRead.every(({ id }) => known.some((event) => event.id === id));
  const related = isReadAhead ? readAhead : await readRelated(transaction, toRead, fieldsOf, clientType);
  const jobs = toRun.map((job) => ({ ...job, context: contextOf(job.event, related, clientType) }));
  const { handled, notified } = await runJobs(transaction, jobs, tools.limits);
  const all = [...decided, ...handled];

  const failures: Failure[] = untold.map((event) => ({ event, error: event.error_message ?? '' }));
  for (const { event, outcome } of all) {
    if (event && outcome.kind === 'failed') failures.push({ event, error: outcome.error });
  }
  const alerted = await alertOfFailures(transaction, failures, tools.alertRoles);
  notified.push(...alerted.notified);
  const waiting = new Set(alerted.untold.map(({ id }) => id));
  const told = untold.filter(({ id }) => !waiting.has(id)).map(({ id }) => id);
  const statements = [
    ...outcomeStatements(all, waiting),
    ...(told.length > 0 ? [finishEvents(told)] : []),
    ...(waiting.size > 0 ? [awaitAlerts(alerted.untold)] : []),
  ];
  if (notified.length > 0) statements.push(newNotificationsNotice(schema, notified));
  for (const one of statements) transaction.send(one);
  return all;
}
