import { TENANT_COLUMNS } from '../../database/generated/columns.js';
import type { JsonValue, TenantTables } from '../../database/generated/tables.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Selectable } from '../../database/table-types.js';

// The columns of a record's output. The output's schema names the fields; a field shows the column with its name or, if
// it is the id of a related record, the column with its name and `_id`. Only the others have to be given, and the
// compiler names them: a field without a column, or with a column of another type, is an error.

export type Table = keyof TenantTables;
/** A row as stored. */
export type Stored<T extends Table> = Selectable<TenantTables[T]>;
type Column<T extends Table> = keyof Stored<T> & string;

/**
 * A type that is true if a stored value fits an output value: null only where null is allowed; a code may be text, JSON
 * anything.
 */
type Fits<Value, Shown> = JsonValue extends Value
  ? true
  : null extends Value
    ? null extends Shown
      ? IsAlike<NonNullable<Value>, NonNullable<Shown>>
      : false
    : IsAlike<Value, NonNullable<Shown>>;
type IsAlike<A, B> = [A] extends [B] ? true : [B] extends [A] ? true : false;

/** The columns whose values fit an output value. */
type Fitting<T extends Table, Shown> = {
  [C in Column<T>]: Fits<Stored<T>[C], Shown> extends true ? C : never;
}[Column<T>];

/** The foreign keys through which a linked record's value fits an output value. */
type Key<T extends Table, Shown> = null extends Shown
  ? Column<T>
  : { [C in Column<T>]: null extends Stored<T>[C] ? never : C }[Column<T>];

/** The source of a field: another column by its name, a value of a linked record, or SQL of row `r`. */
type Source<T extends Table, Shown> = Fitting<T, Shown> | Linked<Key<T, Shown>, Shown> | Sql<Shown>;

/** The column with a field's name. */
type Namesake<T extends Table, F> = F extends Column<T> ? F : `${F & string}_id`;

/** The fields with a column of their name. */
type Plain<T extends Table, Output> = {
  [F in keyof Output]: Namesake<T, F> extends Fitting<T, Output[F]> ? F : never;
}[keyof Output];

/** The sources of the fields of `Output`: all of those without a column of their name, and overrides for the others. */
export type Columns<T extends Table, Output> = {
  readonly [F in Exclude<keyof Output, Plain<T, Output>>]: Source<T, Output[F]>;
} & { readonly [F in Plain<T, Output>]?: Source<T, Output[F]> };

/** The schema of the output. */
export interface OutputSchema<Output> {
  readonly static: Output;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A value of the record that a foreign key of row `r` references. */
export interface Linked<Key extends string, Value> {
  readonly key: Key;
  readonly table: Sql;
  /** SQL of rows `n` of that table. */
  readonly value: Sql<Value>;
}

/**
 * Returns the source for a column of the record that a foreign key references: `lookup('region_id',
 * 'immigration_region', 'name')`.
 */
export function lookup<Key extends string, T extends Table, C extends Column<T>>(
  key: Key,
  table: T,
  column: C,
): Linked<Key, Stored<T>[C]> {
  return { key, table: sql.ref(table), value: sql`n.${sql.ref(column)}` };
}

/** A field and its source. */
export interface ShownField {
  readonly field: string;
  readonly source: string | Linked<string, unknown> | Sql;
}

/**
 * Lists the sources of all output fields, in the order of the schema.
 * @throws Error for a field without a source, and for sources of unknown fields
 */
export function shownFields<T extends Table, Output>(
  table: T,
  output: OutputSchema<Output>,
  columns: Columns<T, Output>,
): ShownField[] {
  const given: Readonly<Record<string, ShownField['source']>> = columns;
  const stored = new Set((TENANT_COLUMNS[table] ?? []).map(({ name }) => name));
  const fields = Object.keys(output.properties);
  const surplus = Object.keys(given).find((field) => !fields.includes(field));
  if (surplus) throw new Error(`${table}: a column is given for "${surplus}", which is not shown`);
  return fields.map((field) => {
    const source = given[field] ?? [field, `${field}_id`].find((name) => stored.has(name));
    if (source === undefined) throw new Error(`${table}: nothing shows "${field}"`);
    return { field, source };
  });
}

/** Returns the select list of these fields. @param link writes the value of a linked record */
export function selectList<Output>(
  fields: readonly ShownField[],
  link: (linked: Linked<string, unknown>) => Sql = bySubquery,
): Sql<Output> {
  const columns = fields.map(({ field, source }) => {
    const expression = expressionOf(source, link);
    return source === field ? expression : sql`${expression} AS ${sql.ref(field)}`;
  });
  return sql.join<Output>(columns);
}

/** Returns the expression of rows `r` for a field. @param link writes the value of a linked record */
export function expressionOf(
  source: ShownField['source'],
  link: (linked: Linked<string, unknown>) => Sql = bySubquery,
): Sql {
  if (typeof source === 'string') return sql`r.${sql.ref(source)}`;
  return 'key' in source ? link(source) : source;
}

/** Returns the select list for the output of rows `r` of a table. */
export function columnsOf<T extends Table, Output>(
  table: T,
  output: OutputSchema<Output>,
  columns: Columns<T, Output>,
): Sql<Output> {
  return selectList(shownFields(table, output, columns));
}

/** Returns the select list of an answer that no single table has: an expression for each of its fields. */
export function selection<Output>(
  columns: {
    readonly [F in keyof Output]-?: Sql<Output[F]>;
  },
): Sql<Output> {
  const fields = Object.entries<Sql>(columns);
  return sql.join(fields.map(([field, column]) => sql`${column} AS ${sql.ref(field)}`));
}

/** Puts a query into SQL that leaves its rows the same: WITH before it, a lock behind it. */
export function wrap<Output>(query: Sql<Output>, write: (query: Sql<Output>) => Sql): Sql<Output> {
  return write(query) as Sql<Output>;
}

/** Selects a select list. @param from FROM and what follows it */
export function select<Output>(columns: Sql<Output>, from: Sql): Sql<Output> {
  return sql<Output>`SELECT ${columns} ${from}`;
}

/** Writes a value of a linked record as a subquery. */
export function bySubquery<Value>({ key, table, value }: Linked<string, Value>): Sql<Value> {
  return sql`(SELECT ${value} FROM ${table} n WHERE n.id = r.${sql.ref(key)})`;
}
