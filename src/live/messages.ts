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

/**
 * Formats the last message of a stream whose process is stopping: a heartbeat, which every client knows, that tells
 * browsers when to reconnect.
 * @param retry milliseconds
 * @param id the notification up to which the client has everything, for a client that may have received none yet
 */
export function farewell(timestamp: string, retry: number, id?: number): string {
  return `retry: ${Math.round(retry)}\n${frame({ type: 'heartbeat', timestamp }, id)}`;
}
