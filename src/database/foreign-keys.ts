import { TENANT_COLUMNS } from './generated/columns.js';

/** A column of a tenant's table that refers to the id of another one. */
export interface ForeignKey {
  readonly table: string;
  readonly column: string;
  readonly references: string;
}

/** Every foreign key of a tenant's tables. */
export const FOREIGN_KEYS: readonly ForeignKey[] = Object.entries(TENANT_COLUMNS).flatMap(
  ([table, columns]) =>
    columns.flatMap(({ name: column, references }) => (references ? [{ table, column, references }] : [])),
);

/** Returns the foreign keys that lead to a table. */
export function foreignKeysTo(table: string): readonly ForeignKey[] {
  return FOREIGN_KEYS.filter(({ references }) => references === table);
}

/** Returns the table that a column refers to. @throws Error if it refers to none */
export function referencedTable(table: string, column: string): string {
  const key = FOREIGN_KEYS.find((candidate) => candidate.table === table && candidate.column === column);
  if (!key) throw new Error(`${table}.${column} is no foreign key`);
  return key.references;
}
