import { POOL_SIZES } from '../config/pool-sizes.js';
import type { CellGate } from '../database/cell-gate.js';
import type { DatabaseHandle } from '../database/connections.js';
import { Database } from '../database/database.js';
import { Metrics } from './metrics.js';
import { type MetricsServer, startMetricsServer } from './metrics-server.js';

export interface RunningMetrics {
  readonly metrics: Metrics;
  readonly port: number;
  close(): Promise<void>;
}

interface Cell {
  readonly name: string;
  readonly handle: Pick<DatabaseHandle, 'app'>;
  readonly gate: CellGate;
}

/**
 * Starts measuring and serving the metrics. A failure does not prevent the start: several processes on one machine find
 * the port taken unless each has its own.
 * @param settings port 0: none
 * @param warn called with one line when there will be none
 * @param further the further cells
 */
export async function startMetrics(
  { metrics: settings }: { readonly metrics: { readonly host: string; readonly port: number } },
  handle: Pick<DatabaseHandle, 'app'>,
  warn: (line: string) => void,
  further: readonly Cell[] = [],
): Promise<RunningMetrics | null> {
  if (settings.port === 0) return null;
  const database = new Database(handle.app, { size: POOL_SIZES.metrics });
  const cells = new Map(
    further.map(({ name, handle, gate }) => [
      name,
      new Database(handle.app, { size: POOL_SIZES.metrics, gate }),
    ]),
  );
  const closePools = () => Promise.all([database, ...cells.values()].map((pool) => pool.close()));
  const metrics = new Metrics(database, cells);
  if (further.length > 0)
    metrics.watchCells(() => new Map(further.map(({ name, gate }) => [name, gate.closedBy === null])));
  let server: MetricsServer;
  try {
    server = await startMetricsServer(metrics, settings);
  } catch (error) {
    await closePools();
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'EADDRINUSE' ? `port ${settings.port} is taken` : message;
    warn(`metrics are off: ${reason}; set METRICS_PORT to another port, or to 0`);
    return null;
  }
  return {
    metrics,
    port: server.port,
    async close() {
      await server.close();
      await closePools();
    },
  };
}
