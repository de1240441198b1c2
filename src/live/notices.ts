import { type Statement, statement } from '../database/statement.js';

/** New notifications: `{"schema", "users": [ids]}`, sent once by each transaction that inserts some; null: everybody. */
export const NOTIFICATIONS_CHANNEL = 'leopard_notifications';
/** Notifications read or unread by their user: `{"schema", "user", "ids"}`; `ids` are those that are read now. */
export const READS_CHANNEL = 'leopard_notifications_read';

export interface ArrivalNotice {
  readonly schema: string;
  readonly users: readonly number[] | null;
}

export interface ReadsNotice {
  readonly schema: string;
  readonly user: number;
  readonly ids: readonly number[];
}

/** A payload holds 8,000 bytes; an id has 16 digits at most. */
const IDS_PER_NOTICE = 400;

/** The statement with which a transaction that has inserted notifications of these users tells so. */
export function arrivalNotice(schema: string, users: readonly number[]): Statement {
  const named = users.length > IDS_PER_NOTICE ? null : [...new Set(users)];
  const notice: ArrivalNotice = { schema, users: named };
  return notify(NOTIFICATIONS_CHANNEL, notice);
}

/** The statements with which a transaction tells that a user has read these notifications; none: only the count changed. */
export function readsNotices(schema: string, user: number, ids: readonly number[]): Statement[] {
  const statements: Statement[] = [];
  for (let start = 0; start === 0 || start < ids.length; start += IDS_PER_NOTICE) {
    const notice: ReadsNotice = { schema, user, ids: ids.slice(start, start + IDS_PER_NOTICE) };
    statements.push(notify(READS_CHANNEL, notice));
  }
  return statements;
}

function notify(channel: string, notice: object): Statement {
  return statement('SELECT pg_notify($1, $2)', [channel, JSON.stringify(notice)]);
}

/** What a notice says; null where it is no JSON object, as after a gap, when anything may have happened. */
export function readNotice<Notice>(payload: string): Notice | null {
  try {
    const notice = JSON.parse(payload) as Notice | null;
    return typeof notice === 'object' ? notice : null;
  } catch {
    return null;
  }
}
