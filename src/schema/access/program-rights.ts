/** The privileges of a role on tables of `public`, as GRANT names them, by table. */
export type TableRights = Readonly<Record<string, string>>;

/** A right of the program's role, or of that of operators, on an object. */
export interface Right {
  /** Empty for objects of no schema. */
  readonly schema: string;
  /** The table's name; empty for other objects. */
  readonly name: string;
  /** The column to which the right is limited; null for the whole object. */
  readonly column: string | null;
  /** Such as SELECT; ALL for kinds of objects on which the program has no rights at all. */
  readonly privilege: string;
  readonly grantable: boolean;
  /** As in SQL: `public.tenants_tenant`. */
  readonly identity: string;
  /** Such as TABLE, SCHEMA, DATABASE or FOREIGN SERVER. */
  readonly type: string;
}

const keyOf = ({ type, schema, name, privilege, column }: Omit<Right, 'grantable' | 'identity'>) =>
  [type, schema, name, privilege, column ?? ''].join(' ');

/** Returns the keys of the rights that `leopard migrate` and the bootstrap give, with their names. */
function wanted(given: TableRights): Map<string, string> {
  const keys = new Map([
    [
      keyOf({ type: 'SCHEMA', schema: 'public', name: '', privilege: 'USAGE', column: null }),
      'USAGE on public',
    ],
  ]);
  for (const [name, rights] of Object.entries(given)) {
    for (const [, privilege = '', columns] of rights.matchAll(/(\w+)(?: \(([^)]*)\))?/g)) {
      for (const column of columns?.split(', ') ?? [null]) {
        const key = keyOf({ type: 'TABLE', schema: 'public', name, privilege, column });
        keys.set(key, `${privilege}${column === null ? '' : ` (${column})`} on ${name}`);
      }
    }
  }
  return keys;
}

/** The right to connect may also be everybody's. */
const CONNECT = 'DATABASE   CONNECT ';

/** Rights on one object beyond those that are needed. */
interface SurplusRights extends Pick<Right, 'schema' | 'identity' | 'type' | 'grantable'> {
  /** As GRANT names them: `SELECT`, `UPDATE (email)`. */
  readonly names: readonly string[];
  /** True if the rights are needed, but not to give them away. */
  readonly areNeeded: boolean;
}

/** Returns the rights beyond those that are needed, those on one object together. @param given the needed ones */
export function surplusRights(rights: readonly Right[], given: TableRights): SurplusRights[] {
  const keys = wanted(given);
  const found = new Map<string, SurplusRights>();
  for (const right of rights) {
    const { schema, identity, type, grantable, privilege, column } = right;
    const key = keyOf(right);
    const areNeeded = key === CONNECT || keys.has(key);
    if (areNeeded && !grantable) continue;
    const group = [type, identity, grantable, areNeeded].join(' ');
    const name = column === null ? privilege : `${privilege} (${column})`;
    const names = [...(found.get(group)?.names ?? []), name];
    found.set(group, { schema, identity, type, grantable, areNeeded, names });
  }
  return [...found.values()];
}

/** Returns the names of the rights that are needed and lacking. @param given the needed ones */
export function missingRights(rights: readonly Right[], given: TableRights): string[] {
  const found = new Set(rights.map(keyOf));
  return [...wanted(given)].filter(([key]) => !found.has(key)).map(([, name]) => name);
}
