import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionSettings } from '../config/config.js';
import { DatabaseClient } from '../database/client.js';

/** The mode of a pooler, as its clients see it. `exhausted`: they do not get a connection in time. */
export type PoolMode = 'transaction' | 'session' | 'statement' | 'exhausted';

/** A pooler's own account of itself. */
export interface PoolerConfig {
  /** Such as `PgBouncer 1.18.0`. */
  readonly version: string;
  readonly maxClients: number;
}

/** The database that PgBouncer itself answers for. */
const CONSOLE = 'pgbouncer';
const CLIENTS = 3;
const ROUNDS = 4;
const SERVED_WITHIN_MS = 3_000;
/** Settings that PgBouncer sets on the server's connection to what its present client has. */
const TRACKED = [
  'client_encoding',
  'DateStyle',
  'IntervalStyle',
  'TimeZone',
  'standard_conforming_strings',
  'application_name',
  'search_path',
];

/**
 * Finds the mode by behaviour. A client keeps its server process in session mode; in transaction mode the next client
 * gets the same one while the first is still connected.
 */
export async function seenPoolMode(settings: ConnectionSettings, signal: AbortSignal): Promise<PoolMode> {
  const clients: DatabaseClient[] = [];
  const owners = new Map<number, number>();
  try {
    for (let i = 0; i < CLIENTS; i++) clients.push(await connected(settings, signal));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, client] of clients.entries()) {
        const pid = await inTime(processOf(client));
        if (pid === 'late') return 'exhausted';
        if ((owners.get(pid) ?? index) !== index) return 'transaction';
        owners.set(pid, index);
      }
    }
    return owners.size > CLIENTS ? 'transaction' : 'session';
  } catch (error) {
    if (/statement pooling/i.test((error as Error).message)) return 'statement';
    if (/query_wait_timeout/i.test((error as Error).message)) return 'exhausted';
    throw error;
  } finally {
    await Promise.all(clients.map(ended));
  }
}

/** Finds settings that somebody's session has left on a connection of the pooler. */
export async function leftoverSettings(settings: ConnectionSettings, signal: AbortSignal): Promise<string[]> {
  const client = await connected(settings, signal);
  try {
    const { rows } = await client.query(
      `SELECT name || ' = ' || setting AS text FROM pg_catalog.pg_settings
       WHERE source = 'session' AND name <> ALL ($1::text[]) AND name NOT LIKE 'leopard.%' ORDER BY name LIMIT 10`,
      [TRACKED],
    );
    return rows.map(({ text }: { text: string }) => text);
  } finally {
    await ended(client);
  }
}

/** Reads the version and settings of PgBouncer; null where this role may not, or another pooler answers. */
export async function readPoolerConfig(
  settings: ConnectionSettings,
  signal: AbortSignal,
): Promise<PoolerConfig | null> {
  let client: DatabaseClient | undefined;
  try {
    client = await connected({ ...settings, database: CONSOLE }, signal);
    // Without parameters, since the console knows the simple protocol alone.
    const { rows: versions } = await client.query('SHOW VERSION');
    const { rows } = await client.query('SHOW CONFIG');
    const maxClients = rows.find(({ key }: { key: string }) => key === 'max_client_conn')?.value;
    return { version: String(Object.values(versions[0] ?? {})[0]), maxClients: Number(maxClients) };
  } catch {
    signal.throwIfAborted();
    return null;
  } finally {
    if (client) await ended(client);
  }
}

/** Returns the process id of the server's process that a transaction of this client gets. */
async function processOf(client: DatabaseClient): Promise<number> {
  await client.query('BEGIN');
  const { rows } = await client.query('SELECT pg_catalog.pg_backend_pid() AS pid');
  await client.query('COMMIT');
  return rows[0].pid;
}

async function inTime<T>(work: Promise<T>): Promise<T | 'late'> {
  const timer = new AbortController();
  const late = sleep(SERVED_WITHIN_MS, 'late' as const, { signal: timer.signal });
  late.catch(() => undefined);
  work.catch(() => undefined); // it fails with its connection once that is cut
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}

async function connected(settings: ConnectionSettings, signal: AbortSignal): Promise<DatabaseClient> {
  const client = new DatabaseClient({ ...settings, application_name: 'leopard-doctor' });
  signal.addEventListener('abort', () => client.abandon(new Error('the check took too long')), {
    once: true,
  });
  await client.connect();
  return client;
}

/** Ends a connection, without waiting for what it is still asked. */
async function ended(client: DatabaseClient): Promise<void> {
  await Promise.race([client.end().catch(() => undefined), sleep(100, undefined, { ref: false })]);
  client.abandon(new Error('the check is over'));
}
