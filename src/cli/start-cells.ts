import type { RunningCell } from '../app/cells.js';
import type { Config } from '../config/config.js';
import type { DatabaseHandle } from '../database/connections.js';
import { withConnection } from '../database/reachability.js';
import { joinLines } from '../platform/join-lines.js';
import { requireIsolation } from '../schema/access/access-check.js';
import { storeRetention } from '../schema/log-retention.js';
import { bringUpToDate } from './bring-up-to-date.js';
import type { Progress } from './progress.js';

/**
 * Brings the further cells up to date, checks them, and returns them for the services. A cell that cannot be reached, or
 * whose migrations fail, keeps nothing else from starting.
 * @param warn called with a line for each finding
 * @throws PlainError where roles of a cell would break the isolation of tenants
 */
export async function startFurtherCells(
  config: Config,
  catalogue: DatabaseHandle,
  { progress, warn }: { readonly progress: Progress; readonly warn: (line: string) => void },
): Promise<RunningCell[]> {
  const { cells = [] } = catalogue;
  if (cells.length === 0) return [];
  for (const { name, handle } of cells) {
    try {
      await withConnection(handle.app, (client) => client.query('SELECT 1'));
    } catch (error) {
      warn(`the cell ${name} cannot be reached, so its agencies are answered 503: ${inOneLine(error)}`);
      continue;
    }
    try {
      for (const remark of await bringUpToDate(handle, progress)) warn(`cell ${name}: ${remark}`);
      if (handle.owner) await storeRetention(handle.owner, config);
    } catch (error) {
      warn(`the cell ${name} is not up to date, so its agencies may be answered 503: ${inOneLine(error)}`);
    }
    for (const remark of await requireIsolation(handle.app)) warn(`cell ${name}: ${remark}`);
  }
  const { startCells } = await import('../app/cells.js');
  return await startCells(config, catalogue, requireIsolation);
}

function inOneLine(error: unknown): string {
  return joinLines((error as Error).message);
}
