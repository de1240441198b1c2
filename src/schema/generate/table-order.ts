import type { CatalogConstraint, CatalogTable } from './catalog.js';

/**
 * Returns the tables in an order in which referenced ones come first, as far as there is one: tables that reference
 * each other in a circle come in some order.
 */
export function referencedFirst(
  tables: readonly CatalogTable[],
  constraints: readonly CatalogConstraint[],
): CatalogTable[] {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const ordered = new Set<CatalogTable>();
  const begun = new Set<CatalogTable>();
  const visit = (table: CatalogTable) => {
    if (begun.has(table)) return;
    begun.add(table);
    for (const { table: owner, references } of constraints) {
      const referenced = owner === table.name && references !== null && byName.get(references);
      if (referenced) visit(referenced);
    }
    ordered.add(table);
  };
  for (const table of tables) visit(table);
  return [...ordered];
}

/**
 * Returns the foreign keys that can be part of CREATE TABLE, which spares PostgreSQL a check of existing rows: those of
 * tables without rows, to tables created before.
 */
export function keysWithinTables(
  ordered: readonly CatalogTable[],
  constraints: readonly CatalogConstraint[],
  withRows: ReadonlySet<string>,
): ReadonlySet<CatalogConstraint> {
  const position = new Map(ordered.map(({ name }, index) => [name, index]));
  const placeOf = (name: string) => position.get(name) ?? Number.POSITIVE_INFINITY;
  return new Set(
    constraints.filter(
      ({ table, references }) =>
        references !== null && !withRows.has(table) && placeOf(references) <= placeOf(table),
    ),
  );
}
