const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;

/** The size of one agency in the database before it has records; a test compares it with a new one. */
export const PER_AGENCY = {
  /** Tables and sequences: pg_dump of everything locks each of them. */
  locks: 125,
  /** Files of tables, indexes and sequences. */
  files: 540,
  catalogueBytes: 2 * MEBIBYTE,
  diskBytes: 5.7 * MEBIBYTE,
} as const;

/** Memory of one connection's server process: for itself, and for each agency that it has served, in bytes. */
const CONNECTION = { alone: 8 * MEBIBYTE, perAgency: 500 * KIBIBYTE } as const;
/** Room for agencies to come. */
const ROOM = 1.5;
const LOCKS_STEP = 64;
const LEAST_LOCKS = 64;
/** Files from which the start after a crash takes a minute or more if each is opened. */
const MANY_FILES = 50_000;
/** Processes of PostgreSQL's own that have places in the table of locks, at its defaults. */
const OWN_PROCESSES = 22;
/** The largest number of agencies for which a number of autovacuum's workers is enough. */
const WORKERS: readonly (readonly [number, number])[] = [
  [150, 3],
  [500, 4],
  [2_000, 6],
  [Infinity, 8],
];

/** The needs of a server for a number of agencies. Sizes are in bytes. */
export interface AgencyNeeds {
  readonly maxLocks: number;
  readonly catalogueBytes: number;
  /** The least shared_buffers: half of the catalogue. */
  readonly sharedBuffers: number;
  /** Memory of one connection that has served all of them. */
  readonly connectionBytes: number;
  readonly autovacuumWorkers: number;
  readonly files: number;
  readonly diskBytes: number;
  /** Whether a start after a crash must not open each file: `recovery_init_sync_method = syncfs`. */
  readonly syncfs: boolean;
}

/**
 * Returns max_locks_per_transaction with which one transaction can lock this many tables and sequences.
 * @param holders the number by which PostgreSQL multiplies it: connections and its own processes
 */
export function locksFor(relations: number, holders: number): number {
  return Math.max(LEAST_LOCKS, Math.ceil((ROOM * relations) / holders / LOCKS_STEP) * LOCKS_STEP);
}

/** Returns what a server with this many connections needs for this many agencies. */
export function needsOf(agencies: number, connections: number): AgencyNeeds {
  const files = agencies * PER_AGENCY.files;
  return {
    maxLocks: locksFor(agencies * PER_AGENCY.locks, connections + OWN_PROCESSES),
    catalogueBytes: agencies * PER_AGENCY.catalogueBytes,
    sharedBuffers: (agencies * PER_AGENCY.catalogueBytes) / 2,
    connectionBytes: CONNECTION.alone + agencies * CONNECTION.perAgency,
    autovacuumWorkers: WORKERS.find(([most]) => agencies <= most)![1],
    files,
    diskBytes: agencies * PER_AGENCY.diskBytes,
    syncfs: files >= MANY_FILES,
  };
}
