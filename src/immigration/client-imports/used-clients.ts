import { foreignKeysTo } from '../../database/foreign-keys.js';
import { TENANT_COLUMNS } from '../../database/generated/columns.js';
import { type Sql, sql } from '../../database/sql.js';
import { KINDS } from '../../kinds/kinds.js';
import { CLIENT_TYPE } from '../shared/task-visibility.js';

/** Tables with rows of clients that are not anybody's work, each with the reason. */
export const WITHOUT_WORK: Readonly<Record<string, string>> = {
  immigration_clientactivity: 'handlers of events write the timeline',
  erased_client: 'lists clients of whom nothing is left',
  client_search: 'a trigger keeps the texts that are searched',
};

/** Columns that reference clients in tables whose rows are somebody's work, so that the client is in use. */
export const WORK_ON_CLIENTS = foreignKeysTo(KINDS.client.table).filter(
  ({ table }) => !(table in WITHOUT_WORK),
);

/** Tables that reference records of any kind, by content type and id. */
export const TABLES_OF_ANY_KIND: readonly string[] = Object.entries(TENANT_COLUMNS)
  .filter(([, columns]) => columns.some(({ name }) => name === 'object_id'))
  .map(([table]) => table);

/** Returns the condition that a client has records of its own, which would vanish with it. @param id its column */
export function isUsed(id: string): Sql<boolean> {
  const own = WORK_ON_CLIENTS.map(
    ({ table, column }) =>
      sql<boolean>`EXISTS (SELECT FROM ${sql.ref(table)} t WHERE ${sql.ref(`t.${column}`)} = ${sql.ref(id)})`,
  );
  const linked = TABLES_OF_ANY_KIND.map(
    (table) =>
      sql<boolean>`EXISTS (SELECT FROM ${sql.ref(table)} t WHERE t.content_type_id = ${CLIENT_TYPE} AND t.object_id = ${sql.ref(id)})`,
  );
  return sql<boolean>`(${sql.join([...own, ...linked], sql` OR `)})`;
}
