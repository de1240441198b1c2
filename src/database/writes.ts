import { TENANT_COLUMNS } from './generated/columns.js';
import type { TenantTables } from './generated/tables.js';
import { type Part, type Sql, sql } from './sql.js';
import type { Insertable, Updateable } from './table-types.js';

type Table = keyof TenantTables;

/** Values by column, or expressions that yield them. What is undefined is left out. */
type Given<Columns> = { readonly [Column in keyof Columns]: Columns[Column] | Sql | undefined };

/** Returns the INSERT of a row; RETURNING and ON CONFLICT may follow. */
export function insertInto<T extends Table>(table: T, values: Given<Insertable<TenantTables[T]>>): Sql {
  const given = givenOf(values, table);
  const columns = sql.join(given.map(([column]) => sql.ref(column)));
  return sql`INSERT INTO ${sql.ref(table)} (${columns}) VALUES (${sql.join(given.map(([, value]) => value))})`;
}

/** Returns the UPDATE that sets these columns; WHERE and RETURNING may follow. */
export function updateOf<T extends Table>(table: T, values: Given<Updateable<TenantTables[T]>>): Sql {
  return sql`UPDATE ${sql.ref(table)} SET ${assignments(values, table)}`;
}

/** Returns what follows SET: in an UPDATE, or after ON CONFLICT DO UPDATE. @param table whose columns they must be */
export function assignments(values: object, table?: Table): Sql {
  return sql.join(givenOf(values, table).map(([column, value]) => sql`${sql.ref(column)} = ${value}`));
}

const columnsOf = new Map(
  Object.entries(TENANT_COLUMNS).map(([table, columns]) => [table, new Set(columns.map(({ name }) => name))]),
);

/** @throws TypeError for a value that has no column: bodies may have fields that only a service knows */
function givenOf(values: object, table?: Table): [string, Part][] {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  const columns = table && columnsOf.get(table);
  const unknown = columns && given.find(([name]) => !columns.has(name));
  if (unknown) throw new TypeError(`${table} has no column ${unknown[0]}`);
  return given;
}
