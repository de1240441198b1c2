import { writeJson } from '../database/json.js';

/** The messages of a stream, as browsers read them. */
export type LiveMessage =
  | { readonly type: 'connection_established'; readonly message: string; readonly user_id: number }
  | { readonly type: 'notification_message'; readonly notification: object }
  | { readonly type: 'notifications_cut'; readonly message: string }
  | { readonly type: 'notification_read'; readonly notification_ids: readonly number[] }
  | { readonly type: 'unread_count_update'; readonly unread_count: number }
  | { readonly type: 'client_import_progress'; readonly import: object }
  | { readonly type: 'heartbeat'; readonly timestamp: string };

/**
 * Formats a message as a server-sent event without an event name.
 * @param id the notification's id, which a returning browser sends back
 */
export function frame(message: LiveMessage, id?: number): string {
  const data = `data: ${writeJson(message)}\n\n`;
  return id === undefined ? data : `id: ${id}\n${data}`;
}
