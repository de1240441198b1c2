import { inSnapshot, type OwnerClient } from '../database/owner.js';
import { qualified } from '../database/schema-name.js';
import { PlainError } from '../platform/plain-error.js';
import { readTables } from './tables.js';

/** Codes of a table and a schema that are gone. */
const GONE = new Set(['42P01', '3F000']);
const MOST_ATTEMPTS = 5;

class TablesChanged extends Error {}

/**
 * Runs `work`, which only reads, on one state of the database from which no table of a schema has departed: they are
 * locked, against migrations only, before that state is chosen. A table that was truncated or rewritten in between would
 * look empty.
 * @throws what `work` throws, PlainError when the schema is renamed or removed meanwhile, and database errors
 */
export async function inLockedSnapshot<T>(
  client: OwnerClient,
  schema: string,
  work: () => Promise<T>,
): Promise<T> {
  const namesOf = async () => (await readTables(client, schema)).map(({ name }) => qualified(schema, name));
  for (let attempt = 1; ; attempt++) {
    const tables = await namesOf();
    let hasBegun = false;
    try {
      return await inSnapshot(client, tables, async () => {
        if (String(await namesOf()) !== String(tables)) throw new TablesChanged('the tables have changed');
        hasBegun = true;
        return await work();
      });
    } catch (error) {
      const isChanged = error instanceof TablesChanged || GONE.has((error as { code?: string }).code ?? '');
      // Renaming a schema waits for nobody who only reads its tables.
      if (hasBegun && isChanged)
        throw new PlainError(
          `the tables of ${schema} were renamed or removed while they were read; try again, and see: leopard tenants list`,
          { cause: error },
        );
      if (hasBegun || !isChanged || attempt === MOST_ATTEMPTS) throw error;
    }
  }
}
