import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import type { TenantTables } from './generated/tables.js';

export { type Insertable, type RawBuilder, type Selectable, sql, type Updateable } from 'kysely';

/**
 * Writes queries on a tenant's tables, typed; it has no connection. They run only in a tenant transaction, which
 * gives the unqualified names their schema.
 */
export const queries = new Kysely<TenantTables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (database) => new PostgresIntrospector(database),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});
