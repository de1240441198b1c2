import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { FieldErrors } from '../../http/errors.js';
import { TimeSlices } from '../../platform/time-slices.js';
import { type ClientValues, COLUMN_NAMES, columnsOf, stateOf } from './client-values.js';
import { emailKey } from './email-addresses.js';
import { phoneKey } from './phone-numbers.js';
import type { OtherNamed, PlannedRow } from './plan.js';
import type { ImportRow } from './records.js';

type Created = Extract<PlannedRow, { outcome: 'CREATED' }>;
type Changes = Partial<ClientValues>;

/** A row of client_import_row, as far as it is set. */
interface RowRecord {
  readonly row_number: number;
  readonly outcome: string;
  readonly client_id: number | null;
  readonly problems?: FieldErrors;
  readonly old_values?: Changes;
  readonly new_values?: Changes;
  readonly email_key?: string | null;
  readonly phone_key?: string | null;
  readonly name_key?: string;
  readonly other_name?: OtherNamed;
}

/** Writes a plan: clients and outcomes, each kind in one statement, whatever the number of rows. */
export async function writePlan(
  transaction: TenantTransaction,
  row: Pick<ImportRow, 'id' | 'state_fields'>,
  userId: number,
  plan: readonly PlannedRow[],
): Promise<void> {
  const created = plan.filter((row) => row.outcome === 'CREATED');
  if (created.length > 0) await insertClients(transaction, row, userId, created);
  const changes = new Map<number, Changes>();
  for (const row of plan) {
    if (row.outcome !== 'UPDATED') continue;
    const id = row.target.id as number; // clients created above have their ids by now
    changes.set(id, { ...changes.get(id), ...row.after });
  }
  await Promise.all([
    updateClients(transaction, userId, changes),
    insertRows(
      transaction,
      row.id,
      plan.filter((row) => row.outcome !== 'CREATED').map((row) => recordOf(row)),
    ),
  ]);
}

/** Stores what a run would do, and the keys by which later rows find what it would create. */
export async function notePlan(
  transaction: TenantTransaction,
  importId: number,
  plan: readonly PlannedRow[],
): Promise<void> {
  const records = plan.map((row): RowRecord => {
    if (row.outcome !== 'CREATED') return recordOf(row);
    const { email, phone_number } = row.target.values;
    return {
      ...recordOf(row),
      email_key: emailKey(email),
      phone_key: phoneKey(phone_number),
      name_key: row.target.name,
    };
  });
  await insertRows(transaction, importId, records);
}

function recordOf(row: PlannedRow): RowRecord {
  return {
    row_number: row.row,
    outcome: row.outcome,
    client_id: row.target?.id ?? null,
    ...('problems' in row && { problems: row.problems }),
    ...(row.otherName && { other_name: row.otherName }),
    ...(row.outcome === 'UPDATED' && { old_values: row.before, new_values: row.after }),
  };
}

/** Inserts clients. Ids are assigned in the order of the rows, which relates them. */
async function insertClients(
  transaction: TenantTransaction,
  { id: importId, state_fields }: Pick<ImportRow, 'id' | 'state_fields'>,
  userId: number,
  created: readonly Created[],
): Promise<void> {
  const clients = JSON.stringify(created.map(({ values }) => values));
  const numbers = created.map(({ row }) => row);
  const otherNames = created.map(({ otherName }) => (otherName ? JSON.stringify(otherName) : null));
  const made = await transaction.query(sql<{ row: number; id: number }>`
    WITH made AS (
      INSERT INTO immigration_client AS r (${COLUMN_NAMES}, created_by_id, updated_by_id)
      SELECT ${columnsOf('given')}, ${userId}::bigint, ${userId}::bigint
      FROM json_array_elements(${clients}::json) WITH ORDINALITY AS one (client, place),
        json_populate_record(NULL::immigration_client, one.client) AS given
      ORDER BY one.place
      RETURNING r.id, ${stateOf(state_fields)} AS state
    ), placed AS (
      SELECT id, state, row_number() OVER (ORDER BY id) AS place FROM made
    )
    INSERT INTO client_import_row (import_id, row_number, outcome, client_id, state, other_name)
    SELECT ${importId}::bigint, numbers.number, 'CREATED', placed.id, placed.state, numbers.other_name::jsonb
    FROM placed JOIN unnest(${numbers}::integer[], ${otherNames}::text[])
      WITH ORDINALITY AS numbers (number, other_name, place) USING (place)
    RETURNING row_number AS "row", client_id AS id`);
  const ids = new Map(made.map(({ row, id }) => [row, id]));
  for (const { row, target } of created) target.id = ids.get(row) as number;
}

/** Sets fields of clients that the transaction has locked, in one statement. @param changes by id */
export async function updateClients(
  transaction: TenantTransaction,
  userId: number,
  changes: ReadonlyMap<number, Changes>,
): Promise<void> {
  if (changes.size === 0) return;
  const given = JSON.stringify([...changes].map(([id, values]) => ({ id, values })));
  await transaction.query(sql`
    UPDATE immigration_client r
    SET (${COLUMN_NAMES}) = ROW(${columnsOf('changed')}), updated_at = now(), updated_by_id = ${userId}
    FROM jsonb_to_recordset(${given}::jsonb) AS given (id bigint, values jsonb)
    JOIN immigration_client o ON o.id = given.id
    CROSS JOIN LATERAL jsonb_populate_record(o, given.values) AS changed
    WHERE r.id = o.id AND o.id = ANY (${[...changes.keys()]}::bigint[])`);
}

async function insertRows(
  transaction: TenantTransaction,
  importId: number,
  records: readonly RowRecord[],
): Promise<void> {
  for await (const batch of jsonBatches(records)) {
    await transaction.query(sql`
      INSERT INTO client_import_row
        (import_id, row_number, outcome, client_id, problems, old_values, new_values, email_key, phone_key, name_key, other_name)
      SELECT ${importId}::bigint, row_number, outcome, client_id, coalesce(problems, '{}'), coalesce(old_values, '{}'),
        coalesce(new_values, '{}'), email_key, phone_key, name_key, other_name
      FROM jsonb_populate_recordset(NULL::client_import_row, ${batch}::jsonb)`);
  }
}

/** Length of a batch of records after which another one begins, in characters. */
const BATCH_LENGTH = 2_000_000;

/**
 * Writes records as JSON lists, mostly one. Several where they are long: the old values of clients may be, although the
 * file has only short ones.
 */
async function* jsonBatches(records: readonly object[]): AsyncGenerator<string> {
  const slices = new TimeSlices();
  let batch: string[] = [];
  let length = 0;
  for (const record of records) {
    const json = JSON.stringify(record);
    batch.push(json);
    length += json.length;
    if (slices.isOver) await slices.next();
    if (length < BATCH_LENGTH) continue;
    yield `[${batch.join(',')}]`;
    batch = [];
    length = 0;
  }
  if (batch.length > 0) yield `[${batch.join(',')}]`;
}
