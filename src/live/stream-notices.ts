import { type Statement, statement } from '../database/statement.js';

/** Notifications read or unread by their user: `{"schema", "user", "ids"}`; `ids` are those that are read now. */
export const READS_CHANNEL = 'leopard_notifications_read';

/** How far an import of clients has come: `{"schema", "user", "progress"}`. */
export const IMPORTS_CHANNEL = 'leopard_client_imports';

/** Of new notifications (src/events/notification-notice.ts). */
export interface NewNotificationsNotice {
  readonly schema: string;
  /** Null: of anybody. */
  readonly users: readonly number[] | null;
}

export interface ReadsNotice {
  readonly schema: string;
  readonly user: number;
  readonly ids: readonly number[];
}

export interface ImportNotice {
  readonly schema: string;
  /** Who started what is under way. */
  readonly user: number;
  /** As the stream shows it: status and counts, no data of clients. */
  readonly progress: object;
}

/** A payload holds 8,000 bytes; an id has 16 digits at most. */
const IDS_PER_NOTICE = 400;

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
