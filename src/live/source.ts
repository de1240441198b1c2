import type { Statement } from '../database/statement.js';
import type { IdWindow } from './recently-seen-ids.js';

/** The columns of a notification that the stream needs besides its output form. */
export interface LiveRow {
  readonly id: number;
  readonly assigned_to: number | null;
}

/** The queries for the notifications that streams send. Every statement runs in the transaction of one tenant. */
export interface NotificationSource {
  /** Returns the highest id; 0 when there are no rows. */
  highestId(): Statement<{ readonly highest: number }>;
  /** Reads at most `most` notifications of these users in the window, by id. */
  newInWindow(users: readonly number[], window: IdWindow, most: number): Statement<LiveRow>;
  /**
   * Reads a user's notifications above this id, and those below it that may have been committed later, by id.
   * @param most the maximum number, the newest ones
   */
  missed(user: number, after: number, most: number): Statement<LiveRow>;
  /** Counts these users' unread notifications; no row for a user without any. */
  unreadCounts(users: readonly number[]): Statement<{ readonly user: number; readonly unread: number }>;
  /** Returns the notifications that these users have read in the last seconds. */
  readLately(
    users: readonly number[],
    seconds: number,
  ): Statement<{ readonly user: number; readonly ids: readonly number[] }>;
  /** Returns the notification in the form in which lists show it. */
  present(row: LiveRow): object;
  /** Reads the progress of these users' client imports that are running, or ended in the last seconds. */
  importsLately(
    users: readonly number[],
    seconds: number,
  ): Statement<{ readonly user: number; readonly progress: object }>;
}
