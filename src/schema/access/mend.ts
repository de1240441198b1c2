import type { ConnectionSettings } from '../../config/config.js';
import { inTransaction, type OwnerClient, withOwner } from '../../database/owner.js';
import { examineAll } from './access-check.js';
import { examinePlatformRights, examineProgramRights, examineTenantRights } from './granted.js';
import { examineMemberships } from './memberships.js';
import { examineAttributes } from './role-attributes.js';
import { examineSchemaRights } from './schema-rights.js';

/**
 * Takes away attributes, memberships and rights of the program's role and of this database's tenants' roles that the
 * program does not give, as far as the owner may. What only a superuser may, `leopard doctor` goes on reporting.
 * @returns what was wrong, one line each
 */
export async function mendAccess(owner: ConnectionSettings, appUser: string): Promise<string[]> {
  return await withOwner(owner, async (client) => {
    const before = await mendable(client, appUser);
    if (before.length === 0) return [];
    for (const { statements } of before) {
      await inTransaction(client, async () => {
        for (const statement of statements ?? []) await client.query(statement);
      }).catch(() => undefined); // not the owner's to change; found again below
    }
    const left = new Set((await mendable(client, appUser)).map(({ text }) => text));
    return before.map(({ text }) => text).filter((text) => !left.has(text));
  });
}

const examineMendable = examineAll([
  examineAttributes,
  examineMemberships,
  examineSchemaRights,
  examineProgramRights,
  examinePlatformRights,
  examineTenantRights,
]);

async function mendable(client: OwnerClient, appUser: string) {
  const found = await examineMendable(client, appUser);
  return found.filter(({ isSafeToMend }) => isSafeToMend);
}
