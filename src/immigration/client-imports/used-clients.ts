import { type RawBuilder, sql } from '../../database/queries.js';

/**
 * Every table that refers to clients, with the column of its foreign key, and whether its rows are somebody's work, so
 * that the client is in use. The others are derived from the client by triggers or events.
 */
export const TABLES_OF_CLIENTS: readonly (readonly [table: string, column: string, isWork: boolean])[] = [
  ['immigration_note', 'client_id', true],
  ['immigration_profilepicture', 'client_id', true],
  ['immigration_passport', 'id', true],
  ['immigration_proficiency', 'client_id', true],
  ['immigration_qualification', 'client_id', true],
  ['immigration_employment', 'client_id', true],
  ['immigration_visaapplication', 'client_id', true],
  ['immigration_collegeapplication', 'client_id', true],
  ['immigration_clientactivity', 'client_id', false],
  ['client_search', 'client_id', false],
];

/** The tables that refer to records of any kind, by content type and id. */
export const TABLES_OF_ANY_KIND: readonly string[] = ['immigration_task', 'immigration_reminder'];

/** Returns the condition that a client has records of its own, which would vanish with it. @param id its column */
export function isUsed(id: string): RawBuilder<boolean> {
  const own = TABLES_OF_CLIENTS.filter(([, , isWork]) => isWork).map(
    ([table, column]) =>
      sql<boolean>`EXISTS (SELECT FROM ${sql.table(table)} t WHERE ${sql.ref(`t.${column}`)} = ${sql.ref(id)})`,
  );
  const kind = sql`(SELECT id FROM django_content_type WHERE app_label = 'immigration' AND model = 'client')`;
  const linked = TABLES_OF_ANY_KIND.map(
    (table) =>
      sql<boolean>`EXISTS (SELECT FROM ${sql.table(table)} t WHERE t.content_type_id = ${kind} AND t.object_id = ${sql.ref(id)})`,
  );
  return sql<boolean>`(${sql.join([...own, ...linked], sql` OR `)})`;
}
