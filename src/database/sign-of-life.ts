import pg from 'pg';
import type { ConnectionSettings } from '../config/config.js';

/**
 * The state of a silent connection, as a new connection sees it. `work`: its server process is busy. `lost`: that
 * process is gone or idle, or nobody answers at all. `unknown`: it cannot be seen, as behind a pooler.
 */
export type SignOfLife = 'work' | 'lost' | 'unknown';

const LOOK = `
  SELECT pg_catalog.pg_backend_pid() AS own,
    (SELECT coalesce(state, 'hidden') FROM pg_catalog.pg_stat_activity WHERE pid = $1) AS state`;
const IS_SQLSTATE = /^[0-9A-Z]{5}$/;

/**
 * Asks, on a connection of its own, for the state of another one.
 * @param pid the process id of the other one's backend, as sent when connecting
 * @param within timeout for all of it, in milliseconds
 */
export async function askForSignOfLife(
  settings: ConnectionSettings,
  pid: number | null,
  within: number,
): Promise<SignOfLife> {
  const client = new pg.Client({ ...settings, application_name: 'leopard-look' });
  client.on('error', ignore);
  const { stream } = client.connection;
  const late = setTimeout(() => stream.destroy(new Error('no sign of life')), within);
  try {
    await client.connect();
    const { rows } = await client.query<{ own: number; state: string | null }>(LOOK, [pid]);
    const { own, state } = rows[0] as { own: number; state: string | null };
    const { processID } = client as unknown as { processID: number | null };
    if (own !== processID) return 'unknown';
    return state === null || state.startsWith('idle') ? 'lost' : 'work';
  } catch (error) {
    // A server that refuses, for example because it has no connection left, is alive.
    return IS_SQLSTATE.test((error as { code?: string }).code ?? '') ? 'unknown' : 'lost';
  } finally {
    clearTimeout(late);
    stream.destroy();
  }
}

const ignore = () => undefined;
