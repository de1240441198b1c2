import type { Readable } from 'node:stream';
import { recordSecurityEvent } from '../../auth/security-log.js';
import type { Database } from '../../database/database.js';
import { foreignKeysTo } from '../../database/foreign-keys.js';
import { TENANT_COLUMNS } from '../../database/generated/columns.js';
import { LOGGED_TABLES } from '../../database/generated/content-types.js';
import { type Sql, sql } from '../../database/sql.js';
import type { TenantContext } from '../../database/tenant-transaction.js';
import { KINDS } from '../../kinds/kinds.js';
import type { MediaStore } from '../../storage/media-store.js';
import { FittingBatches } from '../shared/fitting-batches.js';

/** The bounds of a single record: none is cut, since the document is complete or none. */
const SINGLE = { most: 64 * 1024 * 1024 };

/** Tables that refer to clients but hold nothing of them that is not in others, with the reason. */
const NOT_IN_EXPORT: Readonly<Record<string, string>> = {
  client_search: 'what is searched is made from the client',
  erased_client: 'of erased clients nothing is left',
};

/** A section of the document: a list of rows, with the columns by which they are found and ordered. */
interface Section {
  readonly name: string;
  readonly table: string;
  readonly where: (found: Found) => Sql<boolean>;
  /** A column that is unique among the found rows. */
  readonly key?: string;
}

/** The ids and texts by which a client's data is found. */
interface Found {
  readonly client: number;
  /** The client's records by name, such as `task:17`. */
  readonly records: readonly string[];
  readonly events: readonly number[];
  readonly notifications: readonly number[];
  readonly deliveries: readonly number[];
  readonly words: readonly string[];
}

const idsOf = (ids: readonly number[]) => sql<boolean>`r.id = ANY (${ids}::bigint[])`;

/** Tables that refer to records of any kind. */
const LINKED = Object.entries(TENANT_COLUMNS)
  .filter(([, columns]) => columns.some(({ name }) => name === 'object_id'))
  .map(([table]) => table);

const SECTIONS: readonly Section[] = [
  { name: 'client', table: 'immigration_client', where: ({ client }) => sql`r.id = ${client}` },
  ...foreignKeysTo(KINDS.client.table)
    .filter(({ table }) => !Object.hasOwn(NOT_IN_EXPORT, table))
    .map(({ table, column }) => ({
      name: nameOf(table),
      table,
      where: ({ client }: Found) => sql<boolean>`${sql.ref(`r.${column}`)} = ${client}`,
    })),
  ...LINKED.map((table) => ({
    name: nameOf(table),
    table,
    where: ({ records }: Found) =>
      sql<boolean>`r.id = ANY (ids_among(${records}::text[], ${entityOf(table)}))`,
  })),
  {
    name: 'calendarevent',
    table: 'immigration_calendar_event',
    where: ({ words }) =>
      sql`names_any(concat_ws(' ', r.title, r.description, r.location), ${words}::text[])`,
  },
  {
    name: 'notification',
    table: 'immigration_notification',
    where: ({ notifications }) => idsOf(notifications),
  },
  { name: 'event', table: 'immigration_event', where: ({ events }) => idsOf(events) },
  { name: 'delivery', table: 'delivery', where: ({ deliveries }) => idsOf(deliveries) },
  {
    name: 'import_row',
    table: 'client_import_row',
    key: 'place',
    where: ({ client }) => sql`r.client_id = ${client}`,
  },
  {
    name: 'audit_entry',
    table: 'audit_entry',
    where: ({ client, records }) => sql`(r.entity || ':' || r.record_id = ANY (${records}::text[])
      OR (r.entity IN ('client', 'passport', 'profilepicture')
        AND (r.record_id = ${client}::bigint OR r.record_ids @> ARRAY[${client}::bigint])))`,
  },
];

function entityOf(table: string): string {
  return (LOGGED_TABLES as Readonly<Record<string, string>>)[table] ?? table;
}

function nameOf(table: string): string {
  return table.replace(/^immigration_/, '');
}

/** The dependencies of an export. */
interface ExportWork {
  readonly database: Database;
  readonly context: TenantContext;
  readonly media: MediaStore;
  /** Whether a command does it, instead of the user of the context. */
  readonly operator?: boolean;
}

/**
 * Yields a JSON document with everything that is kept of a client, in pieces that are read one after the other: `client`
 * and one list per kind of record, with rows as they are stored, and `files` with their content in base64. Writes an
 * event into the security log first.
 * @returns null where there is no such client
 */
export async function exportClient(
  { database, context, media, operator = false }: ExportWork,
  client: number,
): Promise<AsyncGenerator<string> | null> {
  const found = await database.tenantTransaction(context, async (transaction) => {
    const [row] = await transaction.query(sql<Found>`
      SELECT f.client, f.records, f.words, f.events, f.notifications,
        deliveries_of_client(f.client, f.records, f.events, f.notifications) AS deliveries
      FROM (
        SELECT e.*, notifications_of_client(e.client, e.records, e.events) AS notifications
        FROM (
          SELECT n.*, events_of_client(n.client, n.records) AS events
          FROM (
            SELECT c.id AS client, records_of_client(c.id) AS records, words_for_client(c.id) AS words
            FROM immigration_client c WHERE c.id = ${client} OFFSET 0
          ) n OFFSET 0
        ) e OFFSET 0
      ) f`);
    if (!row) return null;
    recordSecurityEvent(transaction, {
      kind: 'client_exported',
      ...(operator && { actor: 'operator' }),
      detail: { client },
    });
    return row;
  });
  return found && pieces({ database, context, media }, found);
}

async function* pieces(work: Omit<ExportWork, 'operator'>, found: Found): AsyncGenerator<string> {
  yield `{"exported_at":${JSON.stringify(`${new Date().toISOString().slice(0, 19)}Z`)}`;
  for (const section of SECTIONS) {
    yield `,${JSON.stringify(section.name)}:[`;
    let separator = '';
    for await (const row of rowsOf(work, section, found)) {
      yield `${separator}${row}`;
      separator = ',\n';
    }
    yield ']';
  }
  yield ',"files":[';
  yield* filesOf(work, found);
  yield ']}\n';
}

/** Yields the rows of a section as JSON, batch by batch, each in a transaction of its own. */
async function* rowsOf(
  { database, context }: Omit<ExportWork, 'operator' | 'media'>,
  { table, where, key = 'id' }: Section,
  found: Found,
): AsyncGenerator<string> {
  const column = sql.ref(`r.${key}`);
  const batches = new FittingBatches(database, context, SINGLE);
  for (let after = -1, isOver = false; !isOver; ) {
    const { rows, isLast } = await batches.read(
      (limit) => sql<{ key: number; row: string }>`
        SELECT ${column} AS key, to_jsonb(r)::text AS row FROM ${sql.ref(table)} r
        WHERE ${where(found)} AND ${column} > ${after}::bigint ORDER BY ${column} LIMIT ${limit}::bigint`,
    );
    for (const { row } of rows) yield row;
    after = rows.at(-1)?.key ?? after;
    isOver = isLast;
  }
}

/** Yields the client's files as JSON objects, each read piece by piece. */
async function* filesOf(
  { database, context, media }: Omit<ExportWork, 'operator'>,
  { client }: Found,
): AsyncGenerator<string> {
  const files = await database.tenantQuery(
    context,
    sql<{ file: string; type: string }>`
      SELECT file, file_type AS type FROM immigration_profilepicture WHERE client_id = ${client}`,
  );
  let separator = '';
  for (const { file, type } of files) {
    const opened = await media.open(context.schema, file);
    if (!opened) continue;
    yield `${separator}{"name":${JSON.stringify(file)},"type":${JSON.stringify(type)},"content":"`;
    yield* base64Of(opened.stream);
    yield '"}';
    separator = ',';
  }
}

async function* base64Of(stream: Readable): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    const all = Buffer.concat([rest, chunk as Buffer]);
    const whole = all.length - (all.length % 3); // each three bytes are four characters
    yield all.subarray(0, whole).toString('base64');
    rest = all.subarray(whole);
  }
  yield rest.toString('base64');
}
