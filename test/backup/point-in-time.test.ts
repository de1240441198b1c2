import { afterEach, describe, expect, test } from 'vitest';
import { bootstrapDatabase } from '../../src/database/bootstrap.js';
import { withOwner } from '../../src/database/owner.js';
import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { migrateAll } from '../../src/schema/migrator.js';
import { databaseUrl, runCommand } from '../helpers/cli.js';
import { DebianServer, hasDebianPostgres, hasPgBackRest } from './debian-server.js';
import { shellBlocks } from './shell-blocks.js';

// The page's commands: a server is backed up, loses its data, and comes back as it was at a moment.

const EXAMPLE = '2026-11-30 09:41:00+00';
const ROLES = {
  owner: { user: 'leopard_owner', password: 'owner' },
  app: { user: 'leopard_app', password: 'app' },
};

let server: DebianServer | undefined;
afterEach(async () => {
  await server?.remove();
  server = undefined;
});

describe.each([
  ['### pgBackRest', hasPgBackRest],
  ['### pg_basebackup', hasDebianPostgres],
])('%s', (heading, isHere) => {
  test.runIf(isHere)(
    'a server is backed up, lost, and restored to a moment',
    { timeout: 240_000 },
    async () => {
      server = await DebianServer.start();
      const { admin } = server;
      const database = { ...admin, database: 'leopard' };
      const [owner, app] = [
        { ...database, ...ROLES.owner },
        { ...database, ...ROLES.app },
      ];
      await server.run('systemctl start postgresql@15-main');
      await bootstrapDatabase(admin, { database: 'leopard', ...ROLES }, { hasServer: true });
      await migrateAll(owner, ROLES.app.user);
      await createTenantSchema(owner, ROLES.app.user, {
        schema: 'tenant_acme',
        name: 'Acme',
        domains: [{ domain: 'acme.localhost', isPrimary: true }],
      });
      const query = (text: string) => withOwner(owner, async (client) => (await client.query(text)).rows);
      const add = (name: string) =>
        query(`INSERT INTO tenant_acme.immigration_region (name) VALUES ('${name}')`);

      const [setUp, restore] = shellBlocks(heading);
      await add('before the base backup');
      await server.run(setUp!);
      await add('after the base backup');
      // The moment is between two changes, whatever the clock's resolution.
      const [{ moment }] = await query(
        `SELECT to_char(clock_timestamp() + interval '1 s', 'YYYY-MM-DD HH24:MI:SS.MSOF') AS moment`,
      );
      await query('SELECT pg_sleep(2)');
      await query('DELETE FROM tenant_acme.immigration_region');
      await query(`DELETE FROM public.tenants_domain`);
      await withOwner(database, (client) => client.query('SELECT pg_switch_wal()'));
      await expect
        .poll(async () => Number((await archived(database))[0].behind), { timeout: 30_000 })
        .toBe(0);

      await server.run(restore!.replaceAll(EXAMPLE, moment));
      const [ended, logOut] = shellBlocks('### Afterwards')[0]!.split('\n');
      await expect.poll(() => server!.run(ended!), { timeout: 60_000 }).toMatch(/^ f$/m);
      await server.run(logOut!);
      expect(await query('SELECT name FROM tenant_acme.immigration_region ORDER BY id')).toEqual([
        { name: 'before the base backup' },
        { name: 'after the base backup' },
      ]);
      expect(
        await query(`SELECT created_at > now() - interval '1 minute' AS late FROM public.tenants_tenant`),
      ).toEqual([{ late: true }]);
      const settings = {
        DATABASE_URL: databaseUrl(app),
        DATABASE_OWNER_URL: databaseUrl(owner),
        SECRET_KEY: 'a key for tests, long enough and like no other: 9182736450',
        LEOPARD_DATA_DIR: server.root,
      };
      const { exitCode, stdout } = await runCommand(settings, ['doctor']);
      expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
      if (heading !== '### pg_basebackup') return;
      const again = await server.run('sudo -u postgres env KEEP=1 base-backup');
      expect(again).toMatch(/^base backup .*\nremoved /m);
    },
  );
});

/** Returns how many finished segments are not yet in the archive. */
function archived(settings: Parameters<typeof withOwner>[0]) {
  return withOwner(settings, async (client) => {
    const { rows } = await client.query(
      `SELECT count(*) AS behind FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'`,
    );
    return rows;
  });
}
