import type { Schemas } from './types.js';

/** The progress of an import that the user has started. */
export type ImportProgress = Pick<
  Schemas['ClientImportOutput'],
  | 'id'
  | 'status'
  | 'row_count'
  | 'processed'
  | 'created'
  | 'updated'
  | 'skipped'
  | 'failed'
  | 'undone'
  | 'kept'
>;

/** A message of the live stream. Heartbeats are not shown. */
export type LiveMessage =
  /** The stream is open: everything that is committed from now on is sent. */
  | { readonly type: 'connection_established'; readonly message: string; readonly user_id: number }
  | { readonly type: 'notification_message'; readonly notification: Schemas['NotificationOutput'] }
  /** More was missed than is sent again: load the list. */
  | { readonly type: 'notifications_cut'; readonly message: string }
  | { readonly type: 'notification_read'; readonly notification_ids: readonly number[] }
  | { readonly type: 'unread_count_update'; readonly unread_count: number }
  | { readonly type: 'client_import_progress'; readonly import: ImportProgress };

type Check = (message: Readonly<Record<string, unknown>>) => boolean;
const isRecord = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);

const FORMS: Readonly<Record<LiveMessage['type'], Check>> = {
  connection_established: ({ user_id }) => typeof user_id === 'number',
  notification_message: ({ notification }) => isRecord(notification),
  notifications_cut: () => true,
  notification_read: ({ notification_ids }) => Array.isArray(notification_ids),
  unread_count_update: ({ unread_count }) => typeof unread_count === 'number',
  client_import_progress: ({ import: progress }) => isRecord(progress),
};

/** Returns the message of an event; null for heartbeats, and for kinds that a later server may add. */
export function messageIn(data: string, parse: (text: string) => unknown): LiveMessage | null {
  try {
    const message = parse(data) as Readonly<Record<string, unknown>> | null;
    const { type } = message ?? {};
    if (typeof type !== 'string' || !Object.hasOwn(FORMS, type)) return null;
    return FORMS[type as LiveMessage['type']](message ?? {}) ? (message as LiveMessage) : null;
  } catch {
    return null;
  }
}
