import { randomUUID } from 'node:crypto';
import type { ConnectionSettings } from '../config/config.js';
import { withOwner } from '../database/owner.js';
import { LIVES_HERE_IF_KNOWN } from '../database/served-tenants.js';
import { programVersion } from '../platform/version.js';
import { TenantNotFoundError } from '../tenancy/new-tenant.js';
import { BackupOutput, type ByteSink } from './backup-output.js';
import {
  type BackupEnd,
  type BackupHeader,
  END_ENTRY,
  FORMAT,
  HEADER_ENTRY,
  PUBLIC,
  type Scope,
} from './format.js';
import { SchemaMissingError, type SectionOptions, writeSection } from './write-section.js';

export interface BackupOptions extends Omit<SectionOptions, 'onRows'> {
  /** The one tenant to back up, by its schema, or `public` without any; null for `public` and every tenant. */
  readonly schema: string | null;
  /** Called as the work goes on. */
  readonly onProgress?: (progress: { scope: Scope; done: number; total: number; rows: number }) => void;
}

/** The results of a backup. */
export interface BackupReport {
  readonly id: string;
  readonly scopes: readonly Scope[];
  readonly rows: number;
  /** Number of uploaded files; null where they were left out. */
  readonly files: number | null;
  /** Size of the backup. */
  readonly bytes: number;
  /** Tenants whose schema is missing, so that the backup is without them. */
  readonly missing: readonly Scope[];
}

/** Number of tenants read on one connection: a server process keeps what it knows of each tenant's tables. */
const TENANTS_PER_CONNECTION = 25;

/**
 * Writes a backup: `public` and every tenant, each as of one moment, or one tenant. At most one tenant's tables are
 * locked at a time, and only against migrations, so that neither locks nor old rows add up over tenants.
 * @throws TenantNotFoundError, SchemaMissingError; errors of the database and the sink, which then holds nothing
 */
export async function writeBackup(
  owner: ConnectionSettings,
  sink: ByteSink,
  options: BackupOptions,
): Promise<BackupReport> {
  try {
    return await write(owner, sink, options);
  } catch (error) {
    await sink.discard();
    throw error;
  }
}

async function write(
  owner: ConnectionSettings,
  sink: ByteSink,
  { schema, onProgress, ...options }: BackupOptions,
): Promise<BackupReport> {
  const output = new BackupOutput(sink);
  const header: BackupHeader = {
    format: FORMAT,
    program: programVersion(),
    id: randomUUID(),
    startedAt: new Date().toISOString(),
    of: schema === null ? 'platform' : schema === PUBLIC ? 'public' : 'tenant',
  };
  const planned: Scope[] = schema === null ? [PUBLIC, ...(await tenantSchemas(owner))] : [schema];
  output.modified = new Date(header.startedAt);
  await output.json(HEADER_ENTRY, header);
  const scopes: Scope[] = [];
  const missing: Scope[] = [];
  let [rows, files] = [0, 0];
  for (let first = 0; first < planned.length; first += TENANTS_PER_CONNECTION) {
    await withOwner(owner, async (client) => {
      for (const scope of planned.slice(first, first + TENANTS_PER_CONNECTION)) {
        options.signal?.throwIfAborted();
        const report = (written: number) =>
          onProgress?.({ scope, done: scopes.length, total: planned.length, rows: written });
        report(0);
        try {
          const section = await writeSection(client, output, scope, { ...options, onRows: report });
          rows += section.tables.reduce((sum, table) => sum + table.rows, 0);
          files += section.files?.count ?? 0;
          scopes.push(scope);
        } catch (error) {
          // Nothing of it is written yet: its row is read first. A tenant may be deleted before its turn comes.
          if (schema !== null) throw error;
          if (error instanceof SchemaMissingError) missing.push(scope);
          else if (!(error instanceof TenantNotFoundError)) throw error;
        }
      }
    });
  }
  const end: BackupEnd = { id: header.id, finishedAt: new Date().toISOString(), scopes };
  await output.json(END_ENTRY, end);
  await output.finish();
  const counted = options.mediaDirectory === null ? null : files;
  return { id: header.id, scopes, rows, files: counted, bytes: output.bytes, missing };
}

/** Returns the schemas of all tenants, the oldest first. */
async function tenantSchemas(owner: ConnectionSettings): Promise<string[]> {
  const { rows } = await withOwner(owner, (client) =>
    client.query<{ schema: string }>(
      `SELECT schema_name AS schema FROM public.tenants_tenant t WHERE ${LIVES_HERE_IF_KNOWN} ORDER BY t.id`,
    ),
  );
  return rows.map(({ schema }) => schema);
}
