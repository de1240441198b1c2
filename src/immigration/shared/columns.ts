import { TENANT_COLUMNS } from '../../database/generated/columns.js';
import type { JsonValue, TenantTables } from '../../database/generated/tables.js';
import { type RawBuilder, type Selectable, sql } from '../../database/queries.js';

// The columns that show a record in the API's form. The schema of that form names the fields; a field shows the column
// with its name, or, being the id of a related record, that with its name and `_id`. Only the others have to be given,
// and the compiler tells which: a field that nothing shows, or that a column of another type would show, is an error.

export type Table = keyof TenantTables;
/** A row as it is stored. */
export type Stored<T extends Table> = Selectable<TenantTables[T]>;
type Column<T extends Table> = keyof Stored<T> & string;

/** Whether a stored value can stand for a shown one: null only where null is shown; a code may be text, JSON anything. */
type Fits<Value, Shown> = JsonValue extends Value
  ? true
  : null extends Value
    ? null extends Shown
      ? IsAlike<NonNullable<Value>, NonNullable<Shown>>
      : false
    : IsAlike<Value, NonNullable<Shown>>;
type IsAlike<A, B> = [A] extends [B] ? true : [B] extends [A] ? true : false;

/** The columns whose values can stand for a shown one. */
type Fitting<T extends Table, Shown> = {
  [C in Column<T>]: Fits<Stored<T>[C], Shown> extends true ? C : never;
}[Column<T>];

/** The foreign keys through which a value of a linked record can stand for a shown one. */
type Key<T extends Table, Shown> = null extends Shown
  ? Column<T>
  : { [C in Column<T>]: null extends Stored<T>[C] ? never : C }[Column<T>];

/** What shows a field: another column by its name, a value of a linked record, or SQL of row `r`. */
type Source<T extends Table, Shown> = Fitting<T, Shown> | Linked<Key<T, Shown>, Shown> | RawBuilder<Shown>;

/** The column with a field's name. */
type Namesake<T extends Table, F> = F extends Column<T> ? F : `${F & string}_id`;

/** The fields that the column with their name shows. */
type Plain<T extends Table, Output> = {
  [F in keyof Output]: Namesake<T, F> extends Fitting<T, Output[F]> ? F : never;
}[keyof Output];

/** What shows the fields of `Output`: of those that no column shows by its name all, of the others those that differ. */
export type Columns<T extends Table, Output> = {
  readonly [F in Exclude<keyof Output, Plain<T, Output>>]: Source<T, Output[F]>;
} & { readonly [F in Plain<T, Output>]?: Source<T, Output[F]> };

/** The schema of the API's form. */
export interface OutputSchema<Output> {
  readonly static: Output;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A value of the record that a foreign key of row `r` names. */
export interface Linked<Key extends string, Value> {
  readonly key: Key;
  readonly table: RawBuilder<unknown>;
  /** Of rows `n` of that table. */
  readonly value: RawBuilder<Value>;
}

/** Shows a column of the record that a foreign key names: `lookup('region_id', 'immigration_region', 'name')`. */
export function lookup<Key extends string, T extends Table, C extends Column<T>>(
  key: Key,
  table: T,
  column: C,
): Linked<Key, Stored<T>[C]> {
  return { key, table: sql.table(table), value: sql`n.${sql.ref(column)}` };
}

/** A field, and what shows it. */
export interface ShownField {
  readonly field: string;
  readonly source: string | Linked<string, unknown> | RawBuilder<unknown>;
}

/**
 * Lists what shows each field of the API's form, in the order of its schema.
 * @throws Error for a field that nothing shows, and for columns of fields that the schema does not have
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
  link: (linked: Linked<string, unknown>) => RawBuilder<unknown> = bySubquery,
): RawBuilder<Output> {
  const columns = fields.map(({ field, source }) => {
    if (source === field) return sql`r.${sql.ref(field)}`;
    if (typeof source === 'string') return sql`r.${sql.ref(source)} AS ${sql.ref(field)}`;
    return sql`${'key' in source ? link(source) : source} AS ${sql.ref(field)}`;
  });
  return sql.join<Output>(columns);
}

/** Returns the select list that shows rows `r` of a table in the API's form. */
export function columnsOf<T extends Table, Output>(
  table: T,
  output: OutputSchema<Output>,
  columns: Columns<T, Output>,
): RawBuilder<Output> {
  return selectList(shownFields(table, output, columns));
}

/** Selects a select list. @param from FROM and what follows it */
export function select<Output>(columns: RawBuilder<Output>, from: RawBuilder<unknown>): RawBuilder<Output> {
  return sql<Output>`SELECT ${columns} ${from}`;
}

/** Writes a value of a linked record as a subquery. */
export function bySubquery({ key, table, value }: Linked<string, unknown>): RawBuilder<unknown> {
  return sql`(SELECT ${value} FROM ${table} n WHERE n.id = r.${sql.ref(key)})`;
}
