import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { oneLine } from '../platform/one-line.js';
import { writeSecurityLine } from '../platform/security-lines.js';
import { COUNTED_KINDS, type SecurityEventKind } from './security-kinds.js';

/** The origin of a request. */
interface SecuritySource {
  readonly address: string;
  /** The User-Agent header. */
  readonly agent?: string | undefined;
  readonly requestId?: string | undefined;
}

/** Small facts about an event: texts, numbers and short lists. No password, token or key may be among them. */
type Detail = Readonly<Record<string, string | number | boolean | null | readonly (string | number)[]>>;

/** An event of the security log. */
export interface SecurityEvent {
  readonly kind: SecurityEventKind;
  /** The user that it is about; null where there is none. The name follows from it. */
  readonly userId?: number | null;
  /** The name that was tried, for events without a known user. */
  readonly username?: string;
  /** The user who did it, where the transaction has no acting user; `operator` for commands. */
  readonly actor?: number | 'operator';
  /** By default the source of the transaction (`TenantContext.source`). */
  readonly from?: SecuritySource;
  /** The session's id (claim `sid`). */
  readonly sessionId?: string | null;
  /** Number of occurrences, for what is counted before it is recorded. */
  readonly count?: number;
  readonly detail?: Detail;
}

/** The row that an event has made, or in which it was counted. */
interface RecordedRow {
  readonly tenant: string;
  readonly count: number;
  readonly [column: string]: unknown;
}

const LONGEST = { name: 150, address: 45, agent: 200, id: 100, text: 200, item: 60, key: 50 } as const;
const MOST_ITEMS = 30;
const MOST_FACTS = 15;

/**
 * Adds an event to the tenant's security log, in the transaction of what it tells of: if one cannot be stored, neither
 * can the other. The line of JSON is written after COMMIT. What a rolled back request has tried is recorded in a
 * transaction of its own, after it.
 */
export function recordSecurityEvent(transaction: TenantTransaction, event: SecurityEvent): void {
  const rows = transaction.send(securityRecord(event));
  transaction.afterCommit(rows.map(writeLine));
}

/**
 * Returns the statement that stores an event, or counts it where there are too many of its kind; it writes no line.
 */
export function securityRecord(event: SecurityEvent): Statement<RecordedRow> {
  const stored = JSON.stringify(storedForm(event));
  return sql<RecordedRow>`
    SELECT current_schema()::text AS tenant, e.id, e.kind, e.user_id, e.username, e.actor_id, e.actor, e.address, e.agent,
      e.request_id, e.session_id, e.count, e.detail
    FROM security_record(${stored}::jsonb, ${COUNTED_KINDS.has(event.kind)}::boolean) e`;
}

function storedForm({
  kind,
  userId,
  username,
  actor,
  from,
  sessionId,
  count,
  detail,
}: SecurityEvent): object {
  return {
    kind,
    user_id: userId ?? undefined,
    username: cut(username, LONGEST.name),
    ...(actor === 'operator' ? { actor } : { actor_id: actor }),
    address: cut(from?.address, LONGEST.address),
    agent: cut(from?.agent, LONGEST.agent) || undefined,
    request_id: cut(from?.requestId, LONGEST.id),
    session_id: cut(sessionId, LONGEST.id),
    count,
    detail: detail && boundedDetail(detail),
  };
}

const cut = (text: string | null | undefined, longest: number) =>
  text === undefined || text === null ? undefined : oneLine(text, longest);

function boundedDetail(detail: Detail): object {
  const facts = Object.entries(detail).slice(0, MOST_FACTS);
  return Object.fromEntries(facts.map(([key, value]) => [oneLine(key, LONGEST.key), boundedValue(value)]));
}

function boundedValue(value: Detail[string]): unknown {
  if (typeof value === 'string') return oneLine(value, LONGEST.text);
  if (!Array.isArray(value)) return value;
  const items = value
    .slice(0, MOST_ITEMS)
    .map((item) => (typeof item === 'string' ? oneLine(item, LONGEST.item) : item));
  return value.length > MOST_ITEMS ? [...items, `${value.length - MOST_ITEMS} more`] : items;
}

/** Writes the line of an event that could not be stored; `stored` says so. */
export function unstoredSecurityEvent(schema: string, event: SecurityEvent): void {
  const { kind, ...rest } = storedForm(event) as { readonly kind: string };
  writeSecurityLine({ event: kind, tenant: schema, stored: false, ...rest });
}

function writeLine([row]: readonly RecordedRow[]): void {
  if (row && isWorthALine(row)) writeSecurityLine(lineOf(row));
}

/** Returns whether an event deserves a line of its own: of a flood that is counted, the 100th, the 1000th and so on do. */
function isWorthALine({ count, kind }: RecordedRow): boolean {
  return count < 2 || kind === 'requests_refused' || /^10+$/.test(String(count));
}

function lineOf({ kind, ...row }: RecordedRow): Record<string, unknown> {
  const known = Object.entries(row).filter(([, value]) => value !== null);
  return { event: kind, ...Object.fromEntries(known) };
}
