import type { ConnectionSettings } from '../../config/config.js';
import { type OwnerClient, withOwner } from '../../database/owner.js';
import { PlainError } from '../../platform/plain-error.js';
import { examineDefaultPrivileges } from './default-privileges.js';
import { type Deviation, inOneLine } from './deviation.js';
import { examineEverybody, examineOtherDatabases } from './everybody.js';
import { examineForeignCode } from './foreign-code.js';
import { examinePlatformRights, examineProgramRights, examineTenantRights } from './granted.js';
import { examineMemberships, examineOtherMembers } from './memberships.js';
import { examineOwned, examineOwnedByProgram } from './owned.js';
import { examineAttributes } from './role-attributes.js';
import { examineSchemaRights } from './schema-rights.js';
import { examineGrantedSettings, examineStoredSettings } from './settings.js';

type Examine = (client: OwnerClient, appUser: string) => Promise<Deviation[]>;

/** The roles' attributes, property and memberships. */
const OF_ROLES: readonly Examine[] = [
  examineAttributes,
  examineMemberships,
  examineOtherMembers,
  examineOwned,
  examineSchemaRights,
];
/** The rights of roles and of everybody, beyond the tables of tenants and of `public`, which are compared with the program's. */
const OF_RIGHTS: readonly Examine[] = [
  examineProgramRights,
  examinePlatformRights,
  examineTenantRights,
  examineEverybody,
  examineDefaultPrivileges,
  examineForeignCode,
  examineOtherDatabases,
];
const OF_SETTINGS: readonly Examine[] = [examineGrantedSettings, examineStoredSettings];

/** All that can void the isolation of tenants: a few queries each, of which none reads every table. */
const AT_START: readonly Examine[] = [
  examineAttributes,
  examineMemberships,
  examineOwnedByProgram,
  examineSchemaRights,
  examineGrantedSettings,
  examineProgramRights,
  examinePlatformRights,
];

/** Returns the examination that joins the findings of several, made one after the other. */
export const examineAll =
  (parts: readonly Examine[]): Examine =>
  async (client, appUser) => {
    const found: Deviation[] = [];
    for (const examine of parts) found.push(...(await examine(client, appUser)));
    return found;
  };

/** Finds deviations of the program's role and the tenants' roles: attributes, memberships, ownership, schemas. */
export const examineRoles = examineAll(OF_ROLES);
/** Finds rights of the program's role, the tenants' roles and everybody that the program does not give. */
export const examineRights = examineAll(OF_RIGHTS);
/** Finds settings that roles may change, or that are stored for them, and that the program does not expect. */
export const examineRoleSettings = examineAll(OF_SETTINGS);

/** Thrown when one tenant could reach another's records, whatever the program does. */
class IsolationVoidError extends PlainError {
  override readonly name = 'IsolationVoidError';
}

const NO_RIGHT = '42501';

/**
 * Checks at the start of the program that tenants are kept apart by the database's roles.
 * @param app the program's own role
 * @returns a remark for the operator if that could not be read
 * @throws IsolationVoidError, in one line with what mends it
 */
export async function requireIsolation(app: ConnectionSettings): Promise<string[]> {
  const found = await withOwner(app, (client) => examineAll(AT_START)(client, app.user)).catch(
    (error: Error & { code?: string }) => {
      if (error.code !== NO_RIGHT) throw error;
      return error.message;
    },
  );
  if (typeof found === 'string') {
    return [
      `the isolation of tenants could not be checked (${found}); grant ${app.user} the right to read it, and run: leopard doctor`,
    ];
  }
  const [first, ...more] = found.filter(({ voidsIsolation }) => voidsIsolation);
  if (!first) return [];
  const others = more.length > 0 ? ` (and ${more.length} more: leopard doctor)` : '';
  throw new IsolationVoidError(`agencies are not kept apart: ${inOneLine(first)}${others}`);
}
