import type { SchemaShape, ShapeColumn, ShapeRule } from './shape.js';

/** A change that statements of an older version of the program may fail on. */
export interface BreakingChange {
  /** The changed object: a table, `table.column`, `table.constraint`, a function, or a right. */
  readonly object: string;
  /** Change of the object, in words. */
  readonly what: string;
}

/**
 * Compares a schema before and after a migration.
 * @returns the changes that are more than additions, in the order of columns, rules, functions, rights
 */
export function breakingChanges(before: SchemaShape, after: SchemaShape): BreakingChange[] {
  return [
    ...columnChanges(before.columns, after.columns),
    ...ruleChanges(before, after),
    ...functionChanges(before.functions, after.functions),
    ...lostRights(before, after),
  ];
}

const nameOf = ({ table, name }: { readonly table: string; readonly name: string }) => `${table}.${name}`;

function columnChanges(before: readonly ShapeColumn[], after: readonly ShapeColumn[]): BreakingChange[] {
  const found = new Map(after.map((column) => [nameOf(column), column]));
  const known = new Set(before.map(nameOf));
  const [oldTables, newTables] = [before, after].map((columns) => new Set(columns.map(({ table }) => table)));
  const gone = [...oldTables!]
    .filter((table) => !newTables!.has(table))
    .map((table) => ({ object: table, what: 'is gone or renamed' }));
  const changed = before
    .filter(({ table }) => newTables!.has(table))
    .flatMap((old) => changesOf(old, found.get(nameOf(old))));
  const demanded = after
    .filter((column) => oldTables!.has(column.table) && !known.has(nameOf(column)))
    .filter(({ notNull, hasDefault }) => notNull && !hasDefault)
    .map((column) => ({ object: nameOf(column), what: 'is new, NOT NULL and without a default' }));
  return [...gone, ...changed, ...demanded];
}

function changesOf(old: ShapeColumn, now: ShapeColumn | undefined): BreakingChange[] {
  const object = nameOf(old);
  if (!now) return [{ object, what: 'is gone or renamed' }];
  const what = [
    now.type !== old.type && `has another type: ${old.type} became ${now.type}`,
    now.notNull && !old.notNull && 'became NOT NULL',
    now.notNull && old.notNull && old.hasDefault && !now.hasDefault && 'is NOT NULL and lost its default',
  ];
  return what.filter((text) => text !== false).map((text) => ({ object, what: text }));
}

/** Finds rules that rows of an older version may break: new ones on columns that it knows, and changed ones. */
function ruleChanges(before: SchemaShape, after: SchemaShape): BreakingChange[] {
  const oldColumns = new Set(before.columns.map(nameOf));
  const oldRules = new Map(before.rules.map((rule) => [nameOf(rule), rule]));
  const concernsOld = ({ table, columns }: ShapeRule) =>
    columns.every((name) => oldColumns.has(nameOf({ table, name }))) &&
    before.columns.some((column) => column.table === table);
  return after.rules.flatMap((rule): BreakingChange[] => {
    const old = oldRules.get(nameOf(rule));
    if (old?.definition === rule.definition || !concernsOld(rule)) return [];
    return [{ object: nameOf(rule), what: `${old ? 'became' : 'is new:'} ${rule.definition}` }];
  });
}

function functionChanges(
  before: SchemaShape['functions'],
  after: SchemaShape['functions'],
): BreakingChange[] {
  const found = new Map(after.map(({ name, result }) => [name, result]));
  return before.flatMap(({ name, result }): BreakingChange[] => {
    const now = found.get(name);
    if (now === undefined) return [{ object: name, what: 'is gone, or has other arguments' }];
    return now === result ? [] : [{ object: name, what: `returns ${now} instead of ${result}` }];
  });
}

/** Finds rights that are lost on what is still there. */
function lostRights(before: SchemaShape, after: SchemaShape): BreakingChange[] {
  const left = new Set([
    ...after.columns.map(({ table }) => table),
    ...after.functions.map(({ name }) => name),
  ]);
  return [...before.rights]
    .filter((right) => !after.rights.has(right) && left.has(right.slice(right.indexOf(' on ') + 4)))
    .map((right) => ({ object: right, what: 'is no longer granted' }));
}

const DECLARATION = /^-- additive: ([^\n:]+): \S/gm;

/**
 * Returns the objects of which the migration's own text says that older versions can go on, in lines such as
 * `-- additive: delivery.delivery_status_check: one more status`.
 */
export function declaredAdditive(sql: string): ReadonlySet<string> {
  return new Set([...sql.matchAll(DECLARATION)].map(([, object]) => object!));
}
