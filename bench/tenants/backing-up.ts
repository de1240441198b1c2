import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withOwner } from '../../src/database/owner.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { type CommandCost, runCommand } from './command.js';
import { leopardOf } from './release.js';
import { rowsOf, type Scene } from './scene.js';

const WATCH_EVERY_MS = 20;

/** Backups of all agencies, and the locks that one transaction on all tables takes. */
export interface BackingUp {
  readonly backup: CommandCost;
  readonly bytes: number;
  /** The most locks that `leopard backup` held. */
  readonly locks: number;
  /** The locks of one transaction that reads all tables and sequences, as pg_dump of everything does; null if it fails. */
  readonly locksOfAll: number | null;
  readonly places: number;
}

export async function measureBackingUp(scene: Scene): Promise<BackingUp> {
  scene.say('backing up');
  const path = join(scene.folder, 'platform.tar');
  let isOver = false;
  let locks = 0;
  const watching = withOwner(scene.handle.owner, async (client) => {
    while (!isOver) {
      const { rows } = await client.query(
        `SELECT coalesce(max(held), 0)::integer AS held FROM (
           SELECT count(*) AS held FROM pg_locks JOIN pg_stat_activity USING (pid)
           WHERE application_name = 'leopard-owner' AND pid <> pg_backend_pid() GROUP BY pid) sessions`,
      );
      locks = Math.max(locks, rows[0].held);
      await sleep(WATCH_EVERY_MS);
    }
  });
  let backup: CommandCost;
  try {
    backup = await runCommand(scene, leopardOf({ folder: PACKAGE_ROOT }), ['backup', '--to', path]);
  } finally {
    isOver = true;
    await watching;
  }
  const bytes = statSync(path).size;
  rmSync(path);
  scene.say('locking all tables and sequences at once');
  const [row] = await rowsOf<{ places: number }>(
    scene,
    `SELECT current_setting('max_locks_per_transaction')::integer * (current_setting('max_connections')::integer
       + current_setting('max_prepared_transactions')::integer) AS places`,
  );
  return { backup, bytes, locks, locksOfAll: await lockAll(scene), places: row?.places ?? 0 };
}

const OUT_OF_MEMORY = '53200';

/** Locks everything in one transaction; null where there are too few places. */
async function lockAll({ handle }: Scene): Promise<number | null> {
  return await withOwner(handle.owner, async (client) => {
    const { rows } = await client.query<{ name: string; kind: string }>(
      `SELECT c.oid::regclass::text AS name, c.relkind AS kind FROM pg_class c
       WHERE c.relkind IN ('r', 'S') AND c.relnamespace::regnamespace::text LIKE 'tenant\\_%'`,
    );
    await client.query('BEGIN');
    try {
      const tables = rows.filter(({ kind }) => kind === 'r').map(({ name }) => name);
      for (let first = 0; first < tables.length; first += 1000) {
        await client.query(`LOCK TABLE ${tables.slice(first, first + 1000).join(', ')} IN ACCESS SHARE MODE`);
      }
      for (const { name, kind } of rows)
        if (kind === 'S') await client.query(`SELECT last_value FROM ${name}`);
      const held = await client.query(
        'SELECT count(*)::integer AS n FROM pg_locks WHERE pid = pg_backend_pid()',
      );
      return held.rows[0].n;
    } catch (error) {
      if ((error as { code?: string }).code === OUT_OF_MEMORY) return null;
      throw error;
    } finally {
      await client.query('ROLLBACK');
    }
  });
}
