import type { OwnerClient } from '../../src/database/owner.js';
import { qualified, quoteIdentifier } from '../../src/database/schema-name.js';

/** Something that a write pays for, and the SQL that takes it away. */
export interface Part {
  readonly what: string;
  readonly kind: 'trigger' | 'index' | 'foreign key';
  /** Whether the recorded contract's table has it too. */
  readonly isContract: boolean;
  readonly removal: string;
}

/** The tables that a write to a client reaches. */
const TABLES = ['immigration_client', 'client_search', 'audit_entry', 'immigration_client_count'];
/** The indexes of the recorded contract's table; all others came for this program's own queries. */
const CONTRACT_INDEX =
  /^immigration_client_(pkey|(\w+_id|branch_id_active|branch_id_stage|deleted_at|email)_idx)$/;

interface Row {
  readonly relation: string;
  readonly name: string;
}

/** Returns the triggers, indexes and foreign keys that a statement of this kind on `immigration_client` pays for. */
export async function partsOf(
  client: OwnerClient,
  schema: string,
  operation: 'INSERT' | 'UPDATE',
): Promise<Part[]> {
  const bit = operation === 'INSERT' ? 4 : 16;
  const read = async (sql: string, values: readonly unknown[] = []) =>
    (await client.query<Row>(sql, [schema, ...values])).rows;
  const triggers = await read(
    `SELECT c.relname AS relation, t.tgname AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE c.relnamespace = $1::regnamespace AND NOT t.tgisinternal AND (t.tgtype & $2) <> 0
       AND c.relname = 'immigration_client' ORDER BY 2`,
    [bit],
  );
  const indexes = await read(
    `SELECT c.relname AS relation, i.relname AS name FROM pg_index x
     JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
     WHERE c.relnamespace = $1::regnamespace AND NOT x.indisprimary AND c.relname = ANY ($2) ORDER BY 1, 2`,
    [TABLES],
  );
  const keys = await read(
    `SELECT c.relname AS relation, k.conname AS name FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
     WHERE c.relnamespace = $1::regnamespace AND k.contype = 'f' AND c.relname = ANY ($2) ORDER BY 1, 2`,
    [TABLES],
  );
  return [
    ...triggers.map(({ relation, name }): Part => {
      const removal = `DROP TRIGGER ${quoteIdentifier(name)} ON ${qualified(schema, relation)}`;
      return { what: name, kind: 'trigger', isContract: false, removal };
    }),
    ...indexes.map(({ relation, name }): Part => {
      const isContract = relation === 'immigration_client' && CONTRACT_INDEX.test(name);
      return { what: name, kind: 'index', isContract, removal: `DROP INDEX ${qualified(schema, name)}` };
    }),
    ...keys.map(({ relation, name }): Part => {
      const removal = `ALTER TABLE ${qualified(schema, relation)} DROP CONSTRAINT ${quoteIdentifier(name)}`;
      return { what: name, kind: 'foreign key', isContract: relation === 'immigration_client', removal };
    }),
  ];
}
