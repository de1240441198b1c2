import { CHANNELS, notice } from '../../database/channels.js';
import type { ImportNotice } from '../../live/stream-notices.js';
import type { ImportRow } from './records.js';

/** Returns what the live stream reports of an import. */
export function shownProgress(row: ImportRow) {
  const { id, status, row_count, processed, created, updated, skipped, failed, undone, kept } = row;
  return { id, status, row_count, processed, created, updated, skipped, failed, undone, kept };
}

/** Returns the statement that announces the progress, at commit, to the streams of the user who started the work. */
export function progressNotice(schema: string, row: ImportRow) {
  const progress: ImportNotice = { schema, user: row.acting_user_id ?? 0, progress: shownProgress(row) };
  return notice(CHANNELS.imports, progress);
}
