import { bootstrapDatabase } from '../../src/database/bootstrap.js';
import type { DatabaseHandle } from '../../src/database/connections.js';
import type { Finding } from '../../src/database/finding.js';
import { withOwner } from '../../src/database/owner.js';
import type { TemporaryServer } from '../../src/database/temporary-server.js';
import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { diagnose } from '../../src/schema/diagnosis.js';
import { migrateAll } from '../../src/schema/migrator.js';
import { examineAccess } from '../../src/schema/role-diagnosis.js';

/** A migrated database with tenants `one` and `two` on a server of its own, whose roles tests may change. */
export interface TwoAgencies {
  readonly handle: DatabaseHandle;
  readonly owner: NonNullable<DatabaseHandle['owner']>;
  /** Runs SQL as the server's superuser. */
  sql(text: string): Promise<unknown>;
  /** Returns what all of doctor finds, one line each. */
  everything(): Promise<string[]>;
  /** Returns what doctor finds without comparing tables, which takes longest. */
  quickly(): Promise<string[]>;
}

/** Makes the database on an empty server. */
export async function twoAgencies(server: Pick<TemporaryServer, 'admin'>): Promise<TwoAgencies> {
  const roles = {
    owner: { user: 'leopard_owner', password: 'owner' },
    app: { user: 'leopard_app', password: 'app' },
  };
  await bootstrapDatabase(server.admin, { database: 'leopard', ...roles }, { hasServer: true });
  const admin = { ...server.admin, database: 'leopard' };
  const owner = { ...admin, ...roles.owner };
  const handle: DatabaseHandle = {
    kind: 'server',
    app: { ...admin, ...roles.app },
    owner,
    ended: new Promise(() => undefined),
    close: async () => undefined,
    abandon: () => undefined,
  };
  await migrateAll(owner, roles.app.user);
  for (const name of ['one', 'two']) {
    await createTenantSchema(owner, roles.app.user, {
      schema: `tenant_${name}`,
      name,
      domains: [{ domain: `${name}.localhost`, isPrimary: true }],
      status: 'ACTIVE',
    });
  }
  return {
    handle,
    owner,
    sql: (text) => withOwner(admin, (client) => client.query(text)),
    everything: async () => lines(await diagnose(handle)),
    quickly: () =>
      withOwner(handle.app, async (client) => {
        const findings: Finding[] = [];
        for (const check of ['roles', 'rights', 'role settings'] as const) {
          const results = [await examineAccess(client, handle.app.user, check)].flat();
          findings.push(...results.map((result) => ({ check, ...result })));
        }
        return lines(findings);
      }),
  };
}

function lines(findings: readonly Finding[]): string[] {
  return findings.filter(({ status }) => status !== 'ok').map(({ check, text }) => `${check}: ${text}`);
}
