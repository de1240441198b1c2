import pgTypes from 'pg';
import type { ResultColumn } from './row-reader.js';
import { quoteIdentifier } from './schema-name.js';

/** The bounds of what the statements of a transaction return. */
export interface AnswerBounds {
  /** Maximum number of bytes of one round trip. */
  readonly most: number;
  /**
   * Maximum number of bytes of a value that stays as it is when the statements are repeated because they returned more;
   * longer texts and JSON are cut. Without it they are not repeated.
   */
  readonly longest?: number;
}

/** Thrown when statements return more than the bounds of their transaction allow; the connection was closed. */
export class AnswerTooLargeError extends Error {
  override readonly name = 'AnswerTooLargeError';
  /** The statement whose rows exceeded the bound, and its columns; set by the batch that it belongs to. */
  statement: { readonly sql: string; readonly columns: readonly ResultColumn[] } | undefined;

  constructor() {
    super('the rows of a transaction exceed their bound');
  }
}

/** The column with the names of the fields of a row that were cut. */
const CUT_FIELDS = 'leopard_cut_fields';

const { TEXT, VARCHAR, JSON: JSON_TYPE, JSONB } = pgTypes.types.builtins;
/** A text is cut to this fraction of the limit, as characters take up to four bytes. */
const OF_TEXT = 4;
/** Stored JSON beyond this multiple of the limit is not looked into, since that alone would take seconds per page. */
const NOT_READ = 10;

/**
 * Returns a query with the same rows, in which texts and JSON of more than `longest` bytes are cut: texts end with "…";
 * lists keep their last items that fit, and objects lose what is long in them.
 * @param columns of the query
 */
export function cutting(query: string, columns: readonly ResultColumn[], longest: number): string {
  const cut = columns.flatMap(({ name, dataTypeID: type }) => {
    const column = `q.${quoteIdentifier(name)}`;
    if (type === TEXT || type === VARCHAR) return [{ name, ...text(column, longest) }];
    if (type === JSON_TYPE || type === JSONB) return [{ name, ...json(column, type === JSONB, longest) }];
    return [];
  });
  const selected = columns.map(({ name }) => {
    const column = `q.${quoteIdentifier(name)}`;
    const found = cut.find((one) => one.name === name);
    return found
      ? `CASE WHEN ${found.isLong} THEN ${found.short} ELSE ${column} END AS ${quoteIdentifier(name)}`
      : column;
  });
  const names = cut.map(({ name, isLong }) => `CASE WHEN ${isLong} THEN '${name.replaceAll("'", "''")}' END`);
  const list = names.length > 0 ? `array_remove(ARRAY[${names.join(', ')}]::text[], NULL)` : `'{}'::text[]`;
  return `SELECT ${selected.join(', ')}, ${list} AS ${CUT_FIELDS} FROM (${query}) q`;
}

function text(column: string, longest: number) {
  return {
    isLong: `octet_length(${column}) > ${longest}`,
    short: `left(${column}, ${Math.floor(longest / OF_TEXT)}) || '…'`,
  };
}

function json(column: string, isBinary: boolean, longest: number) {
  const kind = isBinary ? 'jsonb' : 'json';
  const value = `${column}::jsonb`;
  const isHuge = `pg_column_size(${column}) > ${NOT_READ * longest}`;
  const emptied = `CASE jsonb_typeof(${value}) WHEN 'array' THEN '[]' WHEN 'object' THEN '{}' ELSE 'null' END::jsonb`;
  const lastItems = `coalesce((
    SELECT jsonb_agg(fitting.item ORDER BY fitting.place) FROM (
      SELECT item, place, sum(octet_length(item::text)) OVER (ORDER BY place DESC) AS size
      FROM jsonb_array_elements(${value}) WITH ORDINALITY AS items (item, place)) fitting
    WHERE fitting.size <= ${longest}), '[]')`;
  const shortEntries = `(
    SELECT jsonb_object_agg(entry.key, CASE
      WHEN octet_length(entry.value::text) <= ${Math.floor(longest / OF_TEXT)} THEN entry.value
      WHEN jsonb_typeof(entry.value) = 'string'
        THEN to_jsonb(left(entry.value #>> '{}', ${Math.floor(longest / OF_TEXT / OF_TEXT)}) || '…')
      WHEN jsonb_typeof(entry.value) = 'array' THEN '[]'
      WHEN jsonb_typeof(entry.value) = 'object' THEN '{}'
      ELSE 'null' END)
    FROM (SELECT * FROM jsonb_each(${value}) LIMIT 1000) entry)`;
  return {
    isLong: `(${isHuge} OR octet_length(${column}::text) > ${longest})`,
    short: `(CASE
      WHEN ${isHuge} THEN ${emptied}
      WHEN jsonb_typeof(${value}) = 'array' THEN ${lastItems}
      WHEN jsonb_typeof(${value}) = 'object' THEN ${shortEntries}
      WHEN jsonb_typeof(${value}) = 'string' THEN to_jsonb(left(${value} #>> '{}', ${Math.floor(longest / OF_TEXT)}) || '…')
      ELSE ${emptied} END)::${kind}`,
  };
}

/** Removes the names of cut fields from rows, and adds them to a set. */
export function collectCutFields(rows: readonly unknown[], into: Set<string>): void {
  for (const row of rows as Record<string, unknown>[]) {
    for (const name of row[CUT_FIELDS] as string[]) into.add(name);
    delete row[CUT_FIELDS];
  }
}
