import type { Executable } from '../database/statement.js';
import type { IdWindow } from './recently-seen-ids.js';

/** What the stream needs of a notification, beside the form in which it is shown. */
export interface LiveRow {
  readonly id: number;
  readonly assigned_to: number | null;
}

/** Reads the notifications that streams send. Every statement runs in the transaction of one tenant. */
export interface NotificationSource {
  /** The highest id there is; 0 without any. */
  highestId(): Executable<{ readonly highest: number }>;
  /** Reads notifications of these users in the window, by id, at most `most`. */
  newInWindow(users: readonly number[], window: IdWindow, most: number): Executable<LiveRow>;
  /**
   * Reads a user's notifications above this id, and those below it that may have been committed after it was sent, by id.
   * @param most the maximum number, the newest ones
   */
  missed(user: number, after: number, most: number): Executable<LiveRow>;
  /** Counts these users' unread notifications; no row for a user without any. */
  unreadCounts(users: readonly number[]): Executable<{ readonly user: number; readonly unread: number }>;
  /** The notifications that these users have read in the last seconds. */
  readLately(
    users: readonly number[],
    seconds: number,
  ): Executable<{ readonly user: number; readonly ids: readonly number[] }>;
  /** As the list shows it. */
  present(row: LiveRow): object;
  /** How far imports of clients have come that these users have under way, or that ended in the last seconds. */
  importsLately(
    users: readonly number[],
    seconds: number,
  ): Executable<{ readonly user: number; readonly progress: object }>;
}
