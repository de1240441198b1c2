import { RIGHTS_OF_THE_PROGRAM } from '../../database/roles.js';

/** A right of the program's role on an object. */
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
function wanted(): Map<string, string> {
  const keys = new Map([
    [
      keyOf({ type: 'SCHEMA', schema: 'public', name: '', privilege: 'USAGE', column: null }),
      'USAGE on public',
    ],
  ]);
  for (const [name, rights] of Object.entries(RIGHTS_OF_THE_PROGRAM)) {
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

/** Returns the rights beyond those that the program needs. */
export function surplusRights(rights: readonly Right[]): Right[] {
  const keys = wanted();
  return rights.filter((right) => {
    const key = keyOf(right);
    return right.grantable || (key !== CONNECT && !keys.has(key));
  });
}

/** Returns the names of the rights that the program needs and lacks. */
export function missingRights(rights: readonly Right[]): string[] {
  const found = new Set(rights.map(keyOf));
  return [...wanted()].filter(([key]) => !found.has(key)).map(([, name]) => name);
}
