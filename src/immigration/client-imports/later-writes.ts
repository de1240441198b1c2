import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { ClientValues } from './client-values.js';

type Value = string | number | boolean | null | undefined;

/** A row of an import that changed a client, with its changes. */
export interface UpdatedRow {
  readonly row: number;
  readonly client: number;
  readonly before: Partial<ClientValues>;
  readonly after: Partial<ClientValues>;
  /** Position among the rows of all imports, in the order in which they were written. */
  readonly place: number;
}

/** A row of another import that changed clients after the rows being undone. */
interface LaterRow {
  readonly import_id: number;
  readonly row_number: number;
  /** The values before it, of the fields that matter here. */
  readonly before: Record<string, Value>;
  /** Those of these values that have changed. */
  readonly changed: Record<string, Value>;
}

/** The condition that row `l` of import `i` updated a client and was not undone. */
export const STANDS = sql<boolean>`
  l.outcome = 'UPDATED' AND l.undone IS NULL AND i.status NOT IN ('DRAFT', 'CHECKING')`;

/** The fields that other imports have written since, and the values that those imports found there. */
export class LaterWrites {
  readonly #rows = new Map<string, LaterRow>();
  readonly #next = new Map<string, LaterRow>();

  /** Records the row of another import that wrote a row's field next. */
  note(
    row: number,
    field: string,
    later: Pick<LaterRow, 'import_id' | 'row_number'> & { before: Value },
  ): void {
    const key = `${later.import_id} ${later.row_number}`;
    const known = this.#rows.get(key) ?? { ...later, before: {}, changed: {} };
    if (!(field in known.before)) known.before[field] = later.before;
    this.#rows.set(key, known);
    this.#next.set(`${row} ${field}`, known);
  }

  isOverwritten(row: number, field: string): boolean {
    return this.#next.has(`${row} ${field}`);
  }

  /**
   * Hands the value from before this import on to the next import that wrote the field, if that found what this one had
   * written. If somebody changed the field in between, the next import is to restore that change instead.
   * @returns whether the value was handed on
   */
  handOn(row: number, field: string, after: Value, before: Value): boolean {
    const later = this.#next.get(`${row} ${field}`);
    if (!later || later.before[field] !== after) return false;
    later.before[field] = before;
    later.changed[field] = before;
    return true;
  }

  async save(transaction: TenantTransaction): Promise<void> {
    const changed = [...this.#rows.values()].filter((row) => Object.keys(row.changed).length > 0);
    if (changed.length === 0) return;
    const given = changed.map(({ import_id, row_number, changed: values }) => ({
      import_id,
      row_number,
      values,
    }));
    await transaction.query(sql`
      UPDATE client_import_row r SET old_values = r.old_values || given.values
      FROM jsonb_to_recordset(${JSON.stringify(given)}::jsonb) AS given (import_id bigint, row_number integer, values jsonb)
      WHERE r.import_id = given.import_id AND r.row_number = given.row_number`);
  }
}

/** Finds for each field of these rows the row of another import that wrote it next. */
export async function readLaterWrites(
  transaction: TenantTransaction,
  importId: number,
  rows: readonly UpdatedRow[],
): Promise<LaterWrites> {
  const asked = rows.map(({ row, client, place, after }) => ({
    row,
    client,
    place,
    fields: Object.keys(after),
  }));
  const found = await transaction.query(sql<{
    row: number;
    field: string;
    import_id: number;
    row_number: number;
    before: Value;
  }>`
    SELECT asked."row", field, next.import_id, next.row_number, next.old_values -> field AS before
    FROM jsonb_to_recordset(${JSON.stringify(asked)}::jsonb)
      AS asked ("row" integer, client bigint, place bigint, fields text[])
    CROSS JOIN LATERAL unnest(asked.fields) AS field
    CROSS JOIN LATERAL (
      SELECT l.import_id, l.row_number, l.old_values FROM client_import_row l JOIN client_import i ON i.id = l.import_id
      WHERE l.client_id = asked.client AND l.place > asked.place AND l.import_id <> ${importId} AND ${STANDS}
        AND l.new_values ? field
      ORDER BY l.place LIMIT 1) next`);
  const later = new LaterWrites();
  for (const { row, field, ...next } of found) later.note(row, field, next);
  return later;
}
