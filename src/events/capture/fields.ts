import type { Column } from '../../database/generated/columns.js';
import { quoteIdentifier, quoteLiteral } from '../../database/schema-name.js';

/** An entry of a record's state, and the columns that it is made from. */
export interface CapturedField {
  /** Its name in events and their configuration: a foreign key without `_id`, a money pair by its amount. */
  readonly name: string;
  readonly columns: readonly string[];
  /** The table that a foreign key references. */
  readonly references?: string;
  /** Returns the SQL for the value in the row with this alias. */
  value(alias: string): string;
}

/** Columns that are not part of a record's state. */
const NOT_IN_STATES = new Set(['id', 'created_at', 'updated_at', 'deleted_at']);

/** The table of generic links, which are pairs of content_type_id and object_id; both keep their names. */
const GENERIC_LINK = 'django_content_type';

/** Number of characters that a state keeps of a text of more than four times as many bytes. */
const LONGEST_TEXT = 10_000;
/** Maximum number of bytes of a list in a state. */
const LONGEST_JSON = 65_536;
/** Stored size in bytes, possibly compressed, up to which JSON is not measured. */
const MAYBE_LONG = 2_000;

/** PostgreSQL allows at most 100 arguments of a function. */
const FIELDS_PER_OBJECT = 45;

/** Returns the fields of a table's records, in the order of the columns. */
export function fieldsOf(columns: readonly Column[]): CapturedField[] {
  const isThere = (name: string) => columns.some((column) => column.name === name);
  const isCurrencyOf = (name: string) => name.endsWith('_currency') && isThere(name.slice(0, -9));
  return columns
    .filter(({ name }) => !NOT_IN_STATES.has(name) && !isCurrencyOf(name))
    .map((column) =>
      isThere(`${column.name}_currency`) ? moneyField(column.name) : plainField(column, fieldName(column)),
    );
}

/** Returns a record's state as a jsonb expression; `empty` names entries that are always null. */
export function stateExpression(
  fields: readonly CapturedField[],
  alias: string,
  empty: readonly string[],
): string {
  const entries = [
    ...fields.map((field) => `${quoteLiteral(field.name)}, ${field.value(alias)}`),
    ...empty.map((name) => `${quoteLiteral(name)}, NULL`),
  ];
  const objects: string[] = [];
  for (let first = 0; first < entries.length; first += FIELDS_PER_OBJECT) {
    objects.push(`jsonb_build_object(${entries.slice(first, first + FIELDS_PER_OBJECT).join(', ')})`);
  }
  return objects.join(' || ');
}

/** Returns whether a field differs between two rows. */
export function differs(field: CapturedField, one: string, other: string): string {
  const comparisons = field.columns.map((name) => {
    const column = quoteIdentifier(name);
    return `${one}.${column} IS DISTINCT FROM ${other}.${column}`;
  });
  return comparisons.length === 1 ? comparisons[0]! : `(${comparisons.join(' OR ')})`;
}

function fieldName({ name, references }: Column): string {
  return references && references !== GENERIC_LINK ? name.replace(/_id$/, '') : name;
}

function moneyField(name: string): CapturedField {
  const amount = quoteIdentifier(name);
  const currency = quoteIdentifier(`${name}_currency`);
  return {
    name,
    columns: [name, `${name}_currency`],
    value: (row) =>
      `CASE WHEN ${row}.${amount} IS NOT NULL THEN jsonb_build_object('amount', ${row}.${amount}::text, 'currency', ${row}.${currency}) END`,
  };
}

function plainField({ name, type, references }: Column, as: string): CapturedField {
  const value = (row: string) => asJson(`${row}.${quoteIdentifier(name)}`, type);
  return { name: as, columns: [name], value, ...(references && { references }) };
}

/**
 * Returns the SQL for JSON whose size is bounded: of a longer list its last items that fit, of anything else null.
 * @param value SQL for jsonb
 */
function boundedJson(value: string): string {
  return `CASE WHEN pg_column_size(${value}) > ${MAYBE_LONG} AND octet_length(${value}::text) > ${LONGEST_JSON} THEN
    CASE jsonb_typeof(${value}) WHEN 'array' THEN coalesce((
      SELECT jsonb_agg(fitting.item ORDER BY fitting.place) FROM (
        SELECT item, place, sum(octet_length(item::text)) OVER (ORDER BY place DESC) AS size
        FROM jsonb_array_elements(${value}) WITH ORDINALITY AS items (item, place)) fitting
      WHERE fitting.size <= ${LONGEST_JSON}), '[]') END
    ELSE ${value} END`;
}

/**
 * Converts a value to what jsonb shows: dates and times come out the same whatever the session's settings; the others
 * need help.
 */
function asJson(value: string, type: string): string {
  if (type === 'numeric') return `${value}::text`;
  if (type === 'text')
    return `CASE WHEN octet_length(${value}) > ${4 * LONGEST_TEXT} THEN left(${value}, ${LONGEST_TEXT}) || '…' ELSE ${value} END`;
  if (type === 'jsonb') return boundedJson(value);
  if (type === 'timestamp with time zone') {
    const utc = `${value} AT TIME ZONE 'UTC'`;
    return `to_char(${utc}, CASE WHEN ${value} = date_trunc('second', ${value}) THEN 'YYYY-MM-DD"T"HH24:MI:SS"Z"' ELSE 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"' END)`;
  }
  if (type === 'interval') {
    const days = `extract(day FROM justify_hours(${value}))`;
    return `concat(nullif(${days}, 0) || ' ', to_char(justify_hours(${value}), 'HH24:MI:SS'))`;
  }
  return value;
}
