import { writeJson } from '../database/json.js';

/** What a stream sends, as browsers read it. */
export type LiveMessage =
  | { readonly type: 'connection_established'; readonly message: string; readonly user_id: number }
  | { readonly type: 'notification_message'; readonly notification: object }
  | { readonly type: 'notifications_cut'; readonly message: string }
  | { readonly type: 'notification_read'; readonly notification_ids: readonly number[] }
  | { readonly type: 'unread_count_update'; readonly unread_count: number }
  | { readonly type: 'client_import_progress'; readonly import: object }
  | { readonly type: 'heartbeat'; readonly timestamp: string };

/**
 * A message as it goes over the line (server-sent events, without names of events).
 * @param id of a notification, which a browser names when it comes back
 */
export function frame(message: LiveMessage, id?: number): string {
  const data = `data: ${writeJson(message)}\n\n`;
  return id === undefined ? data : `id: ${id}\n${data}`;
}
