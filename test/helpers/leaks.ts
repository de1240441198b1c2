import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionSettings } from '../../src/config/config.js';
import { withOwner } from '../../src/database/owner.js';

/** A closed connection stays listed until its backend has ended, which a busy machine may put off. */
const ENDS_WITHIN_MS = 20_000;

/**
 * Returns the connections to one database of the server, or (null) to any, except this query's; one line each. Waits a
 * little for connections that are just being closed.
 */
export async function connectionsTo(admin: ConnectionSettings, database: string | null): Promise<string[]> {
  return await withOwner({ ...admin, database: 'postgres' }, async (client) => {
    for (const deadline = Date.now() + ENDS_WITHIN_MS; ; await sleep(25)) {
      const { rows } = await client.query<{ line: string }>(
        `SELECT format('%s as %s (%s), %s: %s', datname, usename, application_name, state, left(query, 200)) AS line
         FROM pg_stat_activity
         WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND ($1::text IS NULL OR datname = $1)`,
        [database],
      );
      if (rows.length === 0 || Date.now() > deadline) return rows.map(({ line }) => line);
    }
  });
}

/** Returns copies of the template that were not dropped. */
export async function databasesLeft(admin: ConnectionSettings): Promise<string[]> {
  return await withOwner({ ...admin, database: 'postgres' }, async (client) => {
    const { rows } = await client.query(
      "SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%' ORDER BY 1",
    );
    return rows.map(({ datname }) => datname);
  });
}

/** Returns whether a process with this number is running. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
