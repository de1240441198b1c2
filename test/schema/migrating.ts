import type { ConnectionSettings } from '../../src/config/config.js';
import { contentOf, type MigrationFiles, readMigrations } from '../../src/database/migration-files.js';
import { migrateAll } from '../../src/schema/migrator.js';

// A process that migrates, for tests that kill it: at a step of one tenant, which it does itself, or at any time.

/** The instructions of a run of migrations in a process of its own. */
export interface Migrating {
  readonly owner: ConnectionSettings;
  readonly appUser: string;
  /** The SQL of each migration of tenants. */
  readonly statements: readonly string[];
  readonly killAt?: { readonly step: string; readonly scope: string };
}

/** Returns the shipped shared migrations, and these for tenants. */
export function madeUp(statements: readonly string[]): MigrationFiles {
  return {
    ...readMigrations(),
    tenant: statements.map((sql, index) => ({
      kind: 'tenant',
      number: index + 1,
      name: 'made_up',
      ...contentOf(sql, 'made_up'),
    })),
  };
}

const [given] = process.argv.slice(2);
if (given?.startsWith('{')) {
  const { owner, appUser, statements, killAt }: Migrating = JSON.parse(given);
  const { applied, failures } = await migrateAll(owner, appUser, {
    files: madeUp(statements),
    onStep(step, scope) {
      if (step === killAt?.step && scope === killAt.scope) process.kill(process.pid, 'SIGKILL');
    },
  });
  process.stdout.write(JSON.stringify({ applied, failures: failures.map(({ error }) => error.message) }));
}
