import type { TenantTables } from './generated/tables.js';
import { type Part, type Sql, sql } from './sql.js';
import type { Insertable, Updateable } from './table-types.js';

type Table = keyof TenantTables;

/** Values by column, or expressions that yield them. What is undefined is left out. */
type Given<Columns> = { readonly [Column in keyof Columns]: Columns[Column] | Sql | undefined };

/** Returns the INSERT of a row; RETURNING and ON CONFLICT may follow. */
export function insertInto<T extends Table>(table: T, values: Given<Insertable<TenantTables[T]>>): Sql {
  const given = givenOf(values);
  const columns = sql.join(given.map(([column]) => sql.ref(column)));
  return sql`INSERT INTO ${sql.ref(table)} (${columns}) VALUES (${sql.join(given.map(([, value]) => value))})`;
}

/** Returns the UPDATE that sets these columns; WHERE and RETURNING may follow. */
export function updateOf<T extends Table>(table: T, values: Given<Updateable<TenantTables[T]>>): Sql {
  return sql`UPDATE ${sql.ref(table)} SET ${assignments(values)}`;
}

/** Returns what follows SET: in an UPDATE, or after ON CONFLICT DO UPDATE. */
export function assignments(values: object): Sql {
  return sql.join(givenOf(values).map(([column, value]) => sql`${sql.ref(column)} = ${value}`));
}

function givenOf(values: object): [string, Part][] {
  return Object.entries(values).filter(([, value]) => value !== undefined);
}
