import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { bootstrapDatabase } from '../../database/bootstrap.js';
import { readMigrations, readText } from '../../database/migration-files.js';
import { withOwner } from '../../database/owner.js';
import { startTemporaryServer } from '../../database/temporary-server.js';
import { PACKAGE_ROOT } from '../../platform/package-root.js';
import { migrateShared, migrateTenant } from '../migrator.js';
import { SNAPSHOT_FILE } from '../tenant-snapshot.js';
import { findRefusedMigrations } from '../upgrade/additive-rule.js';
import { COLUMNS_FILE, writeColumns } from './columns.js';
import { CONTENT_TYPES_FILE, writeContentTypes } from './content-types.js';
import { writeSnapshot } from './snapshot.js';
import { TYPES_FILE, writeTableTypes } from './table-types.js';

// npm run generate writes the prepared script for new tenants, the table types, columns, and content types; npm run
// generate -- --check only tells whether they are up to date

const SCHEMA = 'tenant_made_to_be_copied';
let refused: readonly string[] = [];

async function generate(): Promise<Map<string, string>> {
  const files = readMigrations();
  const server = await startTemporaryServer();
  try {
    const owner = { user: 'leopard_owner', password: 'owner' };
    const app = { user: 'leopard_app', password: 'app' };
    await bootstrapDatabase(server.admin, { database: 'leopard', owner, app });
    return await withOwner({ ...server.admin, database: 'leopard', ...owner }, async (client) => {
      await migrateShared(client, app.user, files);
      refused = await findRefusedMigrations(client, files);
      const insert = 'INSERT INTO public.tenants_tenant (schema_name, name) VALUES ($1, $1)';
      await client.query(insert, [SCHEMA]);
      // Without the capture of events, which is derived from what is written here.
      await migrateTenant(client, app.user, SCHEMA, { files, capture: null });
      return new Map([
        [COLUMNS_FILE, await writeColumns(client, SCHEMA)],
        [TYPES_FILE, await writeTableTypes(client, SCHEMA)],
        [CONTENT_TYPES_FILE, await writeContentTypes(client, SCHEMA)],
        [SNAPSHOT_FILE, await writeSnapshot(client, SCHEMA, files.tenant)],
      ]);
    });
  } finally {
    await server.stop();
  }
}

const onlyCheck = process.argv.includes('--check');
for (const [path, text] of await generate()) {
  const current = existsSync(path) ? readText(path) : '';
  const name = relative(PACKAGE_ROOT, path);
  if (current === text) {
    console.log(`${name} is up to date`);
  } else if (onlyCheck) {
    console.error(`${name} is out of date; run: npm run generate`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(`${name} written`);
  }
}

for (const line of refused) {
  console.error(line);
  process.exitCode = 1;
}
