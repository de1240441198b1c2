import type { ReplicaSettings } from '../config/replica-settings.js';
import type { DatabaseHandle } from './connections.js';
import { Database } from './database.js';
import { Replica } from './replica.js';

/** Time from one look at a replica to the next, in milliseconds, and as a fraction of the time it may be behind. */
const LOOKS_EVERY_MS = 1_000;
const LOOKS_PER_LAG = 5;

/**
 * Lets the replica of this database, where it has one, answer reads from now on; `Database.close` ends that.
 * @returns the replica; undefined where there is none
 */
export function openReplica(
  primary: Database,
  handle: Pick<DatabaseHandle, 'replica'>,
  { mostLag, poolSize }: Omit<ReplicaSettings, 'main'>,
): Replica | undefined {
  if (!handle.replica) return undefined;
  const standby = new Database(handle.replica, { size: poolSize, sharedByAgencies: true, isStandby: true });
  const times = {
    mostLag: 1000 * mostLag,
    every: Math.min(LOOKS_EVERY_MS, (1000 * mostLag) / LOOKS_PER_LAG),
  };
  const replica = new Replica(primary, standby, times);
  primary.readFrom(replica);
  replica.watch.start();
  return replica;
}
