import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { copyIn, copyOut } from '../database/copy.js';
import type { OwnerClient } from '../database/owner.js';
import { qualified, quoteIdentifier } from '../database/schema-name.js';
import { constraintsIn } from '../database/schema-objects.js';
import {
  type BackedUpColumns,
  type BackedUpTable,
  MOST_PART_BYTES,
  PART_BYTES,
  type SectionBegin,
  type SectionManifest,
} from './format.js';
import { RowChecksum } from './row-checksum.js';
import {
  addKeysStatement,
  copyInStatement,
  copyOutStatement,
  readTables,
  setSequences,
  truncateStatement,
} from './tables.js';
import { type TarEntry, UnreadableBackupError } from './tar.js';

const decompress = promisify(gunzip);

/** Returns the rows of one part of a table. @throws UnreadableBackupError */
export async function rowsOf(entry: TarEntry): Promise<Buffer> {
  const content = await entry.read(MOST_PART_BYTES);
  try {
    return await decompress(content, { maxOutputLength: MOST_PART_BYTES });
  } catch (error) {
    throw new UnreadableBackupError(`${entry.name} is damaged (${(error as Error).message})`, {
      cause: error,
    });
  }
}

interface ForeignKey {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

/**
 * The tables of a schema while rows are loaded into them. Triggers are off, so that nothing is captured, audited or
 * counted again, and foreign keys are away, since rows come table by table. All in the caller's transaction.
 */
export class LoadedTables {
  readonly #tables: ReadonlyMap<string, BackedUpColumns>;

  private constructor(
    private readonly client: OwnerClient,
    private readonly schema: string,
    private readonly begin: SectionBegin,
    private readonly keys: readonly ForeignKey[],
    /** Tables of the backup that the schema does not have. */
    readonly unknown: readonly string[],
  ) {
    this.#tables = new Map(
      begin.tables.filter(({ name }) => !unknown.includes(name)).map((table) => [table.name, table]),
    );
  }

  /**
   * Empties the tables of a section and prepares them.
   * @param schema the schema to load into
   */
  static async prepare(client: OwnerClient, schema: string, begin: SectionBegin): Promise<LoadedTables> {
    const present = new Set((await readTables(client, schema)).map(({ name }) => name));
    const unknown = begin.tables.map(({ name }) => name).filter((name) => !present.has(name));
    const keys = (await readForeignKeys(client, schema)).filter(({ table }) =>
      begin.tables.some(({ name }) => name === table),
    );
    const tables = new LoadedTables(client, schema, begin, keys, unknown);
    for (const [table, names] of byTable(keys)) {
      for (const { name } of names)
        await client.query(
          `ALTER TABLE ${qualified(schema, table)} DROP CONSTRAINT ${quoteIdentifier(name)}`,
        );
    }
    const names = tables.#names;
    for (const name of names)
      await client.query(`ALTER TABLE ${qualified(schema, name)} DISABLE TRIGGER USER`);
    if (names.length > 0) await client.query(truncateStatement(schema, names));
    return tables;
  }

  get #names(): string[] {
    return [...this.#tables.keys()];
  }

  /** Adds the rows of one part of a table. @returns their number */
  async add(table: string, rows: Buffer): Promise<number> {
    const known = this.#tables.get(table);
    return known ? await copyIn(this.client, copyInStatement(this.schema, known), rows) : 0;
  }

  /**
   * Puts keys, triggers and sequences in place, compares each table with the manifest, and counts what the planner
   * must know of it.
   * @throws UnreadableBackupError naming a table whose rows are not those that were backed up; database errors where
   * keys do not fit
   */
  async finish(manifest: SectionManifest): Promise<void> {
    const { client, schema } = this;
    for (const [table, keys] of byTable(this.keys)) {
      await client.query(addKeysStatement(schema, table, keys));
    }
    for (const name of this.#names)
      await client.query(`ALTER TABLE ${qualified(schema, name)} ENABLE TRIGGER USER`);
    await setSequences(
      client,
      schema,
      this.begin.sequences.filter(({ table }) => this.#tables.has(table)),
    );
    const expected = new Map(manifest.tables.map((table) => [table.name, table]));
    for (const table of this.#tables.values()) {
      compare(await this.#contents(table), expected.get(table.name));
      await client.query(`ANALYZE ${qualified(schema, table.name)}`);
    }
  }

  async #contents(table: BackedUpColumns): Promise<BackedUpTable> {
    const sum = new RowChecksum();
    const statement = copyOutStatement(this.schema, table);
    for await (const _ of copyOut(this.client, statement, PART_BYTES, (row) => sum.add(row)));
    return { name: table.name, rows: sum.rows, checksum: sum.checksum };
  }
}

/** Compares a table with what the manifest says of it. @throws UnreadableBackupError */
export function compare(found: BackedUpTable, expected: BackedUpTable | undefined): void {
  if (found.rows === expected?.rows && found.checksum === expected.checksum) return;
  throw new UnreadableBackupError(
    `the rows of ${found.name} are not those that were backed up: ${found.rows} with the checksum ${found.checksum.slice(0, 12)}, not ${expected?.rows ?? 'any'} with ${expected?.checksum.slice(0, 12) ?? 'any'}; the file is damaged, use another backup`,
  );
}

function byTable(keys: readonly ForeignKey[]): Map<string, ForeignKey[]> {
  const tables = new Map<string, ForeignKey[]>();
  for (const key of keys) tables.set(key.table, [...(tables.get(key.table) ?? []), key]);
  return tables;
}

async function readForeignKeys(client: OwnerClient, schema: string): Promise<ForeignKey[]> {
  const { rows } = await client.query<ForeignKey>(
    `SELECT c.relname AS table, k.conname AS name, pg_catalog.pg_get_constraintdef(k.oid) AS definition
     FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
     WHERE k.oid = ${constraintsIn('$1')} AND k.contype = 'f'
     ORDER BY 1, 2`,
    [schema],
  );
  return rows;
}
