import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { copyOut } from '../database/copy.js';
import type { OwnerClient } from '../database/owner.js';
import { LIVES_HERE_IF_KNOWN } from '../database/served-tenants.js';
import { PlainError } from '../platform/plain-error.js';
import { isStoredPath } from '../storage/media-store.js';
import { TenantNotFoundError } from '../tenancy/new-tenant.js';
import { substituteFor } from './anonymised-files.js';
import { anonymousRows, anonymousTenant, checkClassified } from './anonymiser.js';
import type { BackupOutput } from './backup-output.js';
import {
  type BackedUpColumns,
  type BackedUpFile,
  type BackedUpTable,
  type BackedUpTenant,
  entryNames,
  FILES_PER_LIST,
  PART_BYTES,
  PUBLIC,
  type Scope,
  type SectionBegin,
  type SectionManifest,
} from './format.js';
import { inLockedSnapshot } from './locked-snapshot.js';
import { NO_TENANTS_ROWS, PUBLIC_TABLES } from './public-tables.js';
import { RowChecksum } from './row-checksum.js';
import {
  copyOutStatement,
  type RowSelection,
  readLedger,
  readOrders,
  readSequences,
  readTables,
} from './tables.js';

/** Thrown for a tenant whose schema is lost; nothing of it was written. */
export class SchemaMissingError extends PlainError {
  override readonly name = 'SchemaMissingError';

  constructor(schema: string) {
    super(`the schema ${schema} is missing; restore it from an earlier backup`);
  }
}

export interface SectionOptions {
  /** The folder that holds one folder of files per tenant; null to leave files out. */
  readonly mediaDirectory: string | null;
  /** Whether rows come in an order that is the same each time, which takes longer. */
  readonly isOrdered?: boolean;
  /** Whether other values stand in place of people's data; see anonymised-columns.ts. */
  readonly isAnonymised?: boolean;
  /** Whether a deleted tenant was switched on before; asked of this database when it is not given. */
  readonly wasActive?: boolean | undefined;
  /** Called with the number of rows written so far, now and then. */
  readonly onRows?: (rows: number) => void;
  /** Called with the number of files written so far. */
  readonly onFiles?: (files: number) => void;
  /** Ends the work with an error. */
  readonly signal?: AbortSignal;
}

/**
 * Writes one tenant's schema, its rows in `public` and its files, or what is nobody's in `public`, as of one moment.
 * Holds locks on one schema's tables only, which exclude nobody but a migration.
 * @throws TenantNotFoundError, SchemaMissingError, and errors of the database, the disk and the reader
 */
export async function writeSection(
  client: OwnerClient,
  output: BackupOutput,
  scope: Scope,
  options: SectionOptions,
): Promise<SectionManifest> {
  const names = entryNames(scope);
  return await inLockedSnapshot(client, scope, async () => {
    if (options.isAnonymised) await checkClassified(client, scope);
    const begin = await readBegin(client, scope, options);
    const orders = options.isOrdered ? await readOrders(client, scope) : new Map<string, string[]>();
    output.modified = new Date(begin.snapshotAt);
    const sum = await output.json(names.begin, begin);
    let before = 0;
    const tables: BackedUpTable[] = [];
    for (const table of begin.tables) {
      const selection: RowSelection = {
        condition: scope === PUBLIC ? NO_TENANTS_ROWS[table.name] : undefined,
        order: orders.get(table.name),
        ...(options.isAnonymised && anonymousRows(scope, table)),
      };
      const written = await writeTable(client, output, scope, table, selection, (rows) => {
        options.signal?.throwIfAborted();
        options.onRows?.(before + rows);
      });
      before += written.rows;
      tables.push(written);
    }
    const files = await writeFiles(output, scope, options);
    const manifest: SectionManifest = { scope, begin: sum, tables, files };
    await output.json(names.manifest, manifest);
    return manifest;
  });
}

async function readBegin(
  client: OwnerClient,
  scope: Scope,
  { isAnonymised, wasActive }: SectionOptions,
): Promise<SectionBegin> {
  const isPublic = scope === PUBLIC;
  const { rows } = await client.query<{ at: string; server: string }>(
    `SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at,
            current_setting('server_version') AS server`,
  );
  const { at, server } = rows[0]!;
  const tenant = isPublic ? null : await readTenant(client, scope, wasActive);
  const found = await readTables(client, scope);
  if (tenant && found.length === 0 && !(await hasSchema(client, scope))) throw new TenantNotFoundError(scope);
  const tables = isPublic ? found.filter(({ name }) => PUBLIC_TABLES[name] === 'rows') : found;
  const kept = new Set(tables.map(({ name }) => name));
  return {
    scope,
    snapshotAt: at,
    server: server.split(' ')[0]!,
    migrations: await readLedger(client, isPublic ? 'shared' : scope),
    tables,
    sequences: (await readSequences(client, scope)).filter(({ table }) => kept.has(table)),
    tenant: tenant && isAnonymised ? anonymousTenant(tenant) : tenant,
    ...(isAnonymised && { isAnonymised }),
    tenants: isPublic ? await readSchemas(client) : [],
  };
}

/** Returns whether a schema still has its name: unlike its rows, tables are found by the name that they have by now. */
async function hasSchema(client: OwnerClient, schema: string): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>(
    'SELECT to_regnamespace(quote_ident($1)) IS NOT NULL AS there',
    [schema],
  );
  return rows[0]!.there;
}

async function readSchemas(client: OwnerClient): Promise<string[]> {
  const { rows } = await client.query<{ schema: string }>(
    `SELECT schema_name AS schema FROM public.tenants_tenant t WHERE ${LIVES_HERE_IF_KNOWN} ORDER BY id`,
  );
  return rows.map(({ schema }) => schema);
}

async function readTenant(
  client: OwnerClient,
  schema: string,
  knownActive: boolean | undefined,
): Promise<BackedUpTenant> {
  const { rows } = await client.query<{ id: string; name: string; row: string; exists: boolean }>(
    `SELECT id, name, (to_jsonb(t) - 'id')::text AS row,
            EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = schema_name) AS exists
     FROM public.tenants_tenant t WHERE schema_name = $1`,
    [schema],
  );
  const [found] = rows;
  if (!found) throw new TenantNotFoundError(schema);
  if (!found.exists) throw new SchemaMissingError(schema);
  const texts = async (sql: string, parameter: string) =>
    (await client.query<{ row: string }>(sql, [parameter])).rows.map(({ row }) => row);
  const wasActive = knownActive ?? (await activeBeforeDeletion(client, schema));
  return {
    name: found.name,
    ...(wasActive !== undefined && { wasActive }),
    row: found.row,
    domains: await texts(
      `SELECT (to_jsonb(d) - '{id,tenant_id}'::text[])::text AS row FROM public.tenants_domain d
       WHERE tenant_id = $1 ORDER BY id`,
      found.id,
    ),
    pauses: await texts(
      `SELECT (to_jsonb(p) - '{id,schema_name}'::text[])::text AS row FROM public.event_pause p
       WHERE schema_name = $1 ORDER BY id`,
      schema,
    ),
  };
}

/**
 * Returns whether a deleted tenant was switched on before; undefined for one that is not deleted, and where the database
 * is older than deletions that can be undone.
 */
export async function activeBeforeDeletion(
  client: OwnerClient,
  schema: string,
): Promise<boolean | undefined> {
  const table = await client.query(
    "SELECT FROM pg_catalog.pg_tables WHERE schemaname = 'public' AND tablename = 'tenant_deletion'",
  );
  if (table.rowCount === 0) return undefined;
  const { rows } = await client.query<{ wasActive: boolean }>(
    'SELECT was_active AS "wasActive" FROM public.tenant_deletion WHERE schema_name = $1',
    [schema],
  );
  return rows[0]?.wasActive;
}

async function writeTable(
  client: OwnerClient,
  output: BackupOutput,
  scope: Scope,
  table: BackedUpColumns,
  selection: RowSelection,
  onRows: (rows: number) => void,
): Promise<BackedUpTable> {
  const sum = new RowChecksum();
  const statement = copyOutStatement(scope, table, selection);
  let part = 0;
  for await (const rows of copyOut(client, statement, PART_BYTES, (row) => sum.add(row))) {
    await output.compressed(entryNames(scope).part(table.name, ++part), rows);
    onRows(sum.rows);
  }
  return { name: table.name, rows: sum.rows, checksum: sum.checksum };
}

async function writeFiles(
  output: BackupOutput,
  scope: Scope,
  { mediaDirectory, isAnonymised, signal, onFiles }: SectionOptions,
): Promise<SectionManifest['files']> {
  if (mediaDirectory === null || scope === PUBLIC) return null;
  const names = entryNames(scope);
  const folder = join(mediaDirectory, scope);
  let [count, bytes, lists] = [0, 0, 0];
  let list: BackedUpFile[] = [];
  const writeList = async () => {
    if (list.length > 0) await output.json(names.fileList(++lists), list);
    list = [];
  };
  for await (const path of storedFiles(folder)) {
    signal?.throwIfAborted();
    const file = join(folder, path);
    // A picture that was replaced meanwhile is gone, and so is the row that named it a moment ago.
    const opened = await open(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (!opened) continue;
    try {
      const substitute = isAnonymised ? substituteFor(path) : null;
      const { size } = substitute ? { size: substitute.length } : await opened.stat();
      const sha256 = await output.stream(
        names.file(path),
        size,
        substitute ? [substitute] : opened.createReadStream({ autoClose: false }),
      );
      list.push({ path, size, sha256 });
      count++;
      bytes += size;
      onFiles?.(count);
    } finally {
      await opened.close();
    }
    if (list.length === FILES_PER_LIST) await writeList();
  }
  await writeList();
  return { count, bytes };
}

/** Yields the paths of stored files below a tenant's folder, kind by kind. */
async function* storedFiles(folder: string): AsyncGenerator<string> {
  const inside = async (path: string) =>
    (
      await readdir(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
        throw error;
      })
    ).sort();
  for (const kind of await inside(folder)) {
    for (const name of await inside(join(folder, kind))) {
      const path = `${kind}/${name}`;
      if (isStoredPath(path)) yield path;
    }
  }
}
