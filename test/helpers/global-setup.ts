import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import type { ConnectionSettings } from '../../src/config/config.js';
import { bootstrapDatabase } from '../../src/database/bootstrap.js';
import { withOwner } from '../../src/database/owner.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';

import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { migrateAll } from '../../src/schema/migrator.js';

import { connectionsTo, databasesLeft, processExists } from './leaks.js';
import { startPostgres } from './postgres-server.js';

/** The settings that every test file gets: the server's superuser and the two roles' names and passwords. */
export interface TestServer {
  readonly admin: ConnectionSettings;
  readonly owner: { readonly user: string; readonly password: string };
  readonly app: { readonly user: string; readonly password: string };
}

declare module 'vitest' {
  interface ProvidedContext {
    testServer: TestServer;
  }
}

export const TEMPLATE = 'leopard_template';
const LEOPARD = join(PACKAGE_ROOT, 'bin', 'leopard.js');
const BUILD_CONSOLE = join(PACKAGE_ROOT, 'bin', 'build-console.js');

/**
 * Starts one server for the whole run, with a migrated database of two tenants that tests copy, and builds the program.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Otherwise the first test that starts the program would wait for it, and be timed with it.
  await promisify(execFile)(process.execPath, [LEOPARD, 'help']);
  const [server] = await Promise.all([
    startPostgres(),
    promisify(execFile)(process.execPath, [BUILD_CONSOLE]),
  ]);
  const testServer: TestServer = {
    admin: server.admin,
    owner: { user: 'leopard_owner', password: 'owner' },
    app: { user: 'leopard_app', password: 'app' },
  };
  try {
    await buildTemplate(testServer);
  } catch (error) {
    await server.stop();
    throw error;
  }
  project.provide('testServer', testServer);
  return async () => {
    const connections = await connectionsTo(server.admin, null);
    const databases = await databasesLeft(server.admin);
    await server.stop();
    if (connections.length > 0) fail(`connections left open by the tests:\n${connections.join('\n')}`);
    // Their connections, if any, went unseen with their process: only drop() reports them.
    if (databases.length > 0) fail(`databases that no test dropped: ${databases.join(', ')}`);
    if (processExists(server.pid)) fail(`the database server (pid ${server.pid}) is still running`);
  };
}

/** Fails the run: Vitest prints what a teardown throws, but does not fail because of it. */
function fail(message: string): never {
  process.exitCode = 1;
  throw new Error(message);
}

async function buildTemplate({ admin, owner, app }: TestServer): Promise<void> {
  await bootstrapDatabase(admin, { database: TEMPLATE, owner, app });
  const settings = { ...admin, database: TEMPLATE, ...owner };
  await migrateAll(settings, app.user);
  for (const name of ['main', 'demo']) {
    await createTenantSchema(settings, app.user, {
      schema: `tenant_${name}`,
      name: `Tenant ${name}`,
      domains: [{ domain: `${name}.localhost`, isPrimary: true }],
      status: 'ACTIVE',
    });
  }
  // Otherwise the first search of each test would pay for missing statistics.
  await withOwner({ ...admin, database: TEMPLATE }, (client) => client.query('VACUUM (FREEZE, ANALYZE)'));
}
