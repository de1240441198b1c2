import type pg from 'pg';
import type { ConnectionSettings } from '../config/config.js';
import { PlainError } from '../platform/plain-error.js';
import { DatabaseClient } from './client.js';
import { OWNERS_BEGIN, OWNERS_SESSION, ownersSnapshot } from './opening.js';

/** The oldest PostgreSQL that the program supports. */
const OLDEST_MAJOR = 15;

/** A connection with the owner's rights, for migrations, provisioning and operators' commands. */
export type OwnerClient = pg.Client;

/** Thrown when the server's PostgreSQL is too old for the program. */
class ServerTooOldError extends PlainError {
  override readonly name = 'ServerTooOldError';

  constructor(version: string) {
    super(
      `the database server is PostgreSQL ${version}, Leopard needs ${OLDEST_MAJOR} or newer; upgrade it or set DB_HOST to another server`,
    );
  }
}

/**
 * Checks the server's version.
 * @throws ServerTooOldError when `version`, such as "15.4", is older than the program supports
 */
export function checkServerVersion(version: string): void {
  if (Number.parseInt(version, 10) < OLDEST_MAJOR) throw new ServerTooOldError(version);
}

/**
 * Runs `work` on a connection of its own with the owner's rights, which is always closed afterwards.
 * @returns what `work` returns
 * @throws ServerTooOldError; errors of connecting, and what `work` throws
 */
export async function withOwner<T>(
  settings: ConnectionSettings,
  work: (client: OwnerClient) => Promise<T>,
): Promise<T> {
  const client = new DatabaseClient({ ...settings, application_name: 'leopard-owner' });
  try {
    await client.connect();
    checkServerVersion(client.serverVersionText);
    await client.query(OWNERS_SESSION, [client.serverProcess]);
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Runs `work` in one transaction of this connection: commits when it is done, rolls back when it throws.
 * @throws what `work` throws, and database errors
 */
export async function inTransaction<T>(client: OwnerClient, work: () => Promise<T>): Promise<T> {
  return await within(client, OWNERS_BEGIN, work);
}

/**
 * Runs `work`, which only reads, on one state of the database.
 * @param tables names, quoted; locked, against migrations only, before that state is chosen
 * @throws what `work` throws, and database errors
 */
export async function inSnapshot<T>(
  client: OwnerClient,
  tables: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  return await within(client, ownersSnapshot(tables), work);
}

async function within<T>(client: OwnerClient, begin: string, work: () => Promise<T>): Promise<T> {
  try {
    await client.query(begin);
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // If the connection is lost, so is the transaction; the first error says why.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
