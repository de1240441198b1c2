import type { Config } from '../config/config.js';
import { CellDatabases } from '../database/cell-databases.js';
import { CellGate } from '../database/cell-gate.js';
import { CellListeners } from '../database/cell-listeners.js';
import type { DatabaseHandle } from '../database/connections.js';
import { Database } from '../database/database.js';
import { isOutage } from '../database/errors.js';
import { Listener } from '../database/listener.js';
import { openReplica } from '../database/open-replica.js';
import { checkAppConnection, DIRECT_SETTINGS } from '../database/reachability.js';
import { sql } from '../database/sql.js';
import { copyPauses } from '../events/operations/cell-pauses.js';
import type { Metrics } from '../metrics/metrics.js';
import { openLog } from '../platform/log.js';
import { copyToCell } from '../tenancy/cell-rows.js';

/** A further cell of a running process, with the gate that all its services share. */
export interface RunningCell {
  readonly name: string;
  readonly handle: DatabaseHandle;
  readonly gate: CellGate;
}

/** @param isSafe throws for roles that would break the isolation of tenants */
type Isolation = (app: DatabaseHandle['app']) => Promise<unknown>;

/**
 * Examines the further cells and returns them. A cell that cannot be reached, or must not be used, is closed until a later
 * examination finds it in order; nothing else waits for that.
 */
export async function startCells(
  config: Config,
  catalogue: DatabaseHandle,
  requireIsolation: Isolation,
): Promise<RunningCell[]> {
  const { cells = [] } = catalogue;
  const log = openLog(config.logLevel);
  const running = cells.map(({ name, handle }) => {
    const examine = async () => {
      await checkAppConnection(handle.app);
      if (handle.direct) await checkAppConnection(handle.direct, DIRECT_SETTINGS);
      await requireIsolation(handle.app);
      await catchUp(catalogue, name, handle);
    };
    const onChange = (reason: Error | null) => {
      if (reason) log.error({ cell: name, err: reason }, 'the cell is down; its agencies are answered 503');
      else log.info({ cell: name }, 'the cell is up');
    };
    return { name, handle, gate: new CellGate(name, { examine, onChange }) };
  });
  await Promise.all(running.map(({ gate }) => gate.start()));
  return running;
}

/**
 * Brings a cell to what was changed in the catalogue while it was away: pauses of events, states of tenants. While the
 * catalogue cannot be read, the cell goes on as it is.
 */
async function catchUp(
  catalogue: DatabaseHandle,
  name: string,
  { app, owner }: DatabaseHandle,
): Promise<void> {
  const databases = [new Database(catalogue.app, { size: 1 }), new Database(app, { size: 1 })] as const;
  try {
    await copyPauses(...databases);
    if (owner) await copyToCell(catalogue.app, { name, settings: owner });
  } catch (error) {
    if (!isOutage(error)) return; // not migrated yet: its tenants are out of order, and told of
    await databases[1].publicQuery(sql`SELECT`); // fails where it is the cell that is away
  } finally {
    await Promise.all(databases.map((database) => database.close()));
  }
}

/** The connections of the API to further cells. */
export interface AppCells {
  readonly databases: CellDatabases;
  readonly listeners: CellListeners;
  close(): Promise<void>;
}

/** Opens the API's connections to further cells. @param listener the catalogue's */
export function openAppCells(
  config: Config,
  cells: readonly RunningCell[],
  listener: Listener,
  metrics?: Metrics,
): AppCells {
  const databases = new CellDatabases();
  const listening = new Map<string, Listener>();
  for (const { name, handle, gate } of cells) {
    const database = new Database(handle.app, {
      size: config.poolSize,
      sharedByAgencies: true,
      gate,
      notesChanges: handle.replica !== undefined,
    });
    const replica = openReplica(database, handle, config.replicas);
    if (replica) metrics?.watchReplica(name, replica);
    databases.add(name, database);
    listening.set(name, new Listener(handle.direct ?? handle.app));
    metrics?.watchPool('api', database, name);
  }
  const listeners = new CellListeners(listener, listening, databases);
  return {
    databases,
    listeners,
    async close() {
      await listeners.close();
      await Promise.all([...databases.all.values()].map((database) => database.close()));
    },
  };
}
