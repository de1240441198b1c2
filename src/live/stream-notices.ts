import { CHANNELS, notice } from '../database/channels.js';
import type { Statement } from '../database/statement.js';

/** The notice of new notifications (src/events/new-notifications.ts). */
export interface NewNotificationsNotice {
  readonly schema: string;
  /** The users concerned; null for any user. */
  readonly users: readonly number[] | null;
}

export interface ReadsNotice {
  readonly schema: string;
  readonly user: number;
  readonly ids: readonly number[];
}

export interface ImportNotice {
  readonly schema: string;
  /** The user who started the import. */
  readonly user: number;
  /** Status and counts as the stream shows them; no data of clients. */
  readonly progress: object;
}

/** A payload holds 8,000 bytes; an id has 16 digits at most. */
const IDS_PER_NOTICE = 400;

/**
 * Returns the statements that announce, at commit, that a user has read these notifications; without ids only the count
 * has changed.
 */
export function readsNotices(schema: string, user: number, ids: readonly number[]): Statement[] {
  const statements: Statement[] = [];
  for (let start = 0; start === 0 || start < ids.length; start += IDS_PER_NOTICE) {
    const read: ReadsNotice = { schema, user, ids: ids.slice(start, start + IDS_PER_NOTICE) };
    statements.push(notice(CHANNELS.reads, read));
  }
  return statements;
}

/** Parses the payload of a notice; null when it is no JSON object, as after a gap, when anything may have happened. */
export function readNotice<Notice>(payload: string): Notice | null {
  try {
    const notice = JSON.parse(payload) as Notice | null;
    return typeof notice === 'object' ? notice : null;
  } catch {
    return null;
  }
}
