import { createHash } from 'node:crypto';
import { appendFileSync, chmodSync, cpSync, lchownSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionSettings } from '../../src/config/config.js';
import { bootstrapDatabase } from '../../src/database/bootstrap.js';
import { chooseAccount } from '../../src/database/embedded/account.js';
import type { Binaries } from '../../src/database/embedded/binaries.js';
import { ensureCluster } from '../../src/database/embedded/cluster.js';
import { holdDirectory } from '../../src/database/embedded/held-directory.js';
import { layoutOf } from '../../src/database/embedded/layout.js';
import { withOwner } from '../../src/database/owner.js';
import { migrateAll } from '../../src/schema/migrator.js';
import { seedDemo } from '../../src/seed/demo/seed-demo.js';

/** The contents of the program's database: a checksum for each table with rows. */
export type Sums = Readonly<Record<string, string>>;

/**
 * Makes the embedded database of a version of the program that brought these binaries, with two agencies, settings of
 * the operator's and things that are not the program's.
 */
export async function makeOldCluster(directory: string, binaries: Binaries): Promise<Sums> {
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  const layout = layoutOf(directory);
  await ensureCluster(layout, chooseAccount(layout, binaries), binaries, () => undefined);
  appendFileSync(join(layout.data, 'postgresql.conf'), "work_mem = '9MB'\n");
  const held = await holdDirectory(directory, () => undefined);
  const server = await held.start(binaries);
  try {
    const { host, port } = server.admin;
    const role = (user: string, password: string) => ({ host, port, user, password, database: 'leopard' });
    const [owner, app] = [
      role('leopard_owner', server.passwords.owner),
      role('leopard_app', server.passwords.app),
    ];
    await bootstrapDatabase(server.admin, { database: 'leopard', owner, app }, { hasServer: true });
    await migrateAll(owner, app.user);
    const ended = new Promise<void>(() => undefined);
    const close = async () => undefined;
    await seedDemo({ kind: 'embedded', owner, app, ended, close, abandon: () => undefined });
    await withOwner(server.admin, (client) => client.query('CREATE DATABASE another'));
    const sums = await sumsOf(owner);
    await withOwner(owner, (client) => client.query('CREATE TABLE tenant_main.notes_of_mine (id integer)'));
    return sums;
  } finally {
    await server.stop();
    held.release();
  }
}

/** Tables whose rows a restore makes anew, or numbers anew, such as positions in a server's log and a schema's changes. */
const MADE_ANEW =
  /^public\.(migration_ledger|write_position|tenant_incarnation|event_\w+|delivery_\w+|client_import_queue|job_\w+|login_address|tenants_\w+)$|\.table_change$/;

/** Returns checksums of all tables of the program. */
export async function sumsOf(owner: ConnectionSettings): Promise<Sums> {
  return await withOwner(owner, async (client) => {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT schemaname || '.' || tablename AS name FROM pg_tables
       WHERE schemaname = 'public' OR schemaname LIKE 'tenant%' ORDER BY 1`,
    );
    const sums: Record<string, string> = {};
    for (const { name } of tables.filter(({ name }) => !MADE_ANEW.test(name))) {
      const { rows } = await client.query<{ row: string }>(
        `SELECT t::text AS row FROM ${name} t ORDER BY t::text COLLATE "C"`,
      );
      if (rows.length === 0) continue;
      const sum = createHash('sha256').update(rows.map(({ row }) => row).join('\n'));
      sums[name] = `${rows.length} rows, ${sum.digest('hex')}`;
    }
    return sums;
  });
}

/** Copies a stopped database, with the owners of its files. */
export function copyCluster(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  if (process.getuid?.() !== 0) return;
  for (const name of ['', ...(readdirSync(from, { recursive: true }) as string[])]) {
    const { uid, gid, mode } = lstatSync(join(from, name));
    lchownSync(join(to, name), uid, gid);
    chmodSync(join(to, name), mode);
  }
}
