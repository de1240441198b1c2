import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import { oneLine } from '../platform/one-line.js';

/** The record that an action was about: `{ kind: 'tenant', id: 'acme' }`. */
export interface Target {
  readonly kind: string;
  readonly id: string | number;
}

/** An entry of the operators' audit log. */
export interface AuditEntry {
  /** The operator who acts; the id is null for commands and unknown ones. */
  readonly operator: { readonly id: number | null; readonly username: string };
  /** Such as `tenants.suspend`. */
  readonly action: string;
  readonly target?: Target | undefined;
  /** Particulars, without secrets; long values are cut. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  readonly outcome: 'done' | 'refused' | 'failed';
  readonly from: { readonly ip: string; readonly requestId: string };
}

const LONGEST_TEXT = 300;
const MOST_ITEMS = 30;
const DEEPEST = 3;
const LONGEST_NAME = { operator: 150, action: 60, kind: 30, id: 100, address: 64, request: 64 };

/** Returns the statement that adds an entry to the log. Nothing that the API runs can change or remove one. */
export function auditStatement({
  operator,
  action,
  target,
  parameters,
  outcome,
  from,
}: AuditEntry): Statement {
  return sql`
    INSERT INTO public.operator_audit
      (operator_id, operator, action, target_kind, target_id, parameters, outcome, address, request_id)
    VALUES (${operator.id}, ${oneLine(operator.username, LONGEST_NAME.operator)}, ${oneLine(action, LONGEST_NAME.action)},
      ${oneLine(target?.kind ?? '', LONGEST_NAME.kind)}, ${oneLine(String(target?.id ?? ''), LONGEST_NAME.id)},
      ${JSON.stringify(bounded(parameters ?? {}))}::jsonb, ${outcome}, ${oneLine(from.ip, LONGEST_NAME.address)},
      ${oneLine(from.requestId, LONGEST_NAME.request)})`;
}

function bounded(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return oneLine(value, LONGEST_TEXT);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEEPEST) return '…';
  if (Array.isArray(value)) return value.slice(0, MOST_ITEMS).map((item) => bounded(item, depth + 1));
  const entries = Object.entries(value).slice(0, MOST_ITEMS);
  return Object.fromEntries(entries.map(([key, item]) => [oneLine(key, 60), bounded(item, depth + 1)]));
}
