// PostgreSQL has no index of tables, functions, constraints and triggers by schema, so that a search by schema alone reads
// those of all tenants. What depends on a schema, and on a table, is in an index.

type Catalogue = 'pg_class' | 'pg_constraint' | 'pg_proc' | 'pg_trigger';

/**
 * Returns SQL for the numbers of a schema's tables, partitions, views and sequences, as in `c.oid = ${relationsIn('$1')}`.
 * @param schema SQL of the schema's name, unquoted
 */
export function relationsIn(schema: string): string {
  return objectsIn(schema, 'pg_class');
}

/** Returns SQL for the numbers of a schema's functions and procedures. @param schema SQL of its name, unquoted */
export function routinesIn(schema: string): string {
  return objectsIn(schema, 'pg_proc');
}

/** Returns SQL for the numbers of the constraints of a schema's tables. @param schema SQL of its name, unquoted */
export function constraintsIn(schema: string): string {
  return partsIn(schema, 'pg_constraint');
}

/** Returns SQL for the numbers of the triggers of a schema's tables. @param schema SQL of its name, unquoted */
export function triggersIn(schema: string): string {
  return partsIn(schema, 'pg_trigger');
}

function objectsIn(schema: string, catalogue: Catalogue): string {
  return dependent(
    catalogue,
    'pg_namespace',
    `pg_catalog.to_regnamespace(pg_catalog.quote_ident(${schema}))`,
    'n',
  );
}

function partsIn(schema: string, catalogue: Catalogue): string {
  return dependent(catalogue, 'pg_class', relationsIn(schema), 'a');
}

/** Returns SQL with an array, which the planner takes for a few rows whatever its statistics are, and so finds by number. */
function dependent(catalogue: Catalogue, on: string, number: string, type: 'n' | 'a'): string {
  return `ANY (ARRAY(
    SELECT d.objid FROM pg_catalog.pg_depend d
    WHERE d.refclassid = 'pg_catalog.${on}'::pg_catalog.regclass AND d.refobjid = ${number}
      AND d.classid = 'pg_catalog.${catalogue}'::pg_catalog.regclass AND d.deptype = '${type}'))`;
}
