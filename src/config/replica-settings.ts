import type { ConnectionSettings } from './connection-settings.js';
import { parseDatabaseUrl } from './database-url.js';
import type { SettingsReader } from './settings-reader.js';

/** The settings of reading from replicas. */
export interface ReplicaSettings {
  /** The program's role at the replica of the main database; null where there is none. */
  readonly main: ConnectionSettings | null;
  /** Seconds that a replica may be behind while it is used. */
  readonly mostLag: number;
  /** Maximum number of connections that an API process has to a replica. */
  readonly poolSize: number;
}

/** Timeout of connections to a replica, in milliseconds: the primary can answer in its place. */
const ANSWERS_WITHIN_MS = 1_000;

/** Reads the settings of replicas. @param poolSize the number of connections to the primary */
export function readReplicaSettings(read: SettingsReader, poolSize: number): ReplicaSettings {
  return {
    main: replicaConnection(read, 'DATABASE_REPLICA_URL'),
    mostLag: read.integer('DATABASE_REPLICA_MAX_LAG', 5, { min: 2, max: 300 }),
    poolSize: read.integer('DATABASE_REPLICA_POOL_SIZE', poolSize, { min: 1, max: 200 }),
  };
}

function replicaConnection(read: SettingsReader, name: string): ConnectionSettings | null {
  const text = read.text(name, '');
  if (!text) return null;
  const parsed = parseDatabaseUrl(text);
  if (!parsed) read.problem(name, 'must look like postgres://user:password@host:5432/database');
  return parsed && replicaOf(parsed);
}

/** Returns the settings of a connection to a replica. */
export function replicaOf(connection: ConnectionSettings): ConnectionSettings {
  return { ...connection, answersWithin: ANSWERS_WITHIN_MS };
}
