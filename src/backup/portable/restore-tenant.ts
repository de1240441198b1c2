import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cellOfTenant } from '../../database/cells.js';
import { type OwnerClient, withOwner } from '../../database/owner.js';
import { dropTenantRole } from '../../database/roles.js';
import { qualified } from '../../database/schema-name.js';
import { jittered } from '../../platform/jitter.js';
import { PlainError } from '../../platform/plain-error.js';
import { ownDomains } from '../../provisioning/create-tenant.js';
import type { Operation, StepWork } from '../../provisioning/operations/operation.js';
import { type RunOptions, runOperation } from '../../provisioning/operations/run.js';
import { renameSchema } from '../../provisioning/renamed-schema.js';
import { lockTenants } from '../../schema/locking.js';
import { removeTenantFiles } from '../../storage/tenant-files.js';
import { TenantNotFoundError } from '../../tenancy/new-tenant.js';
import { shortName } from '../../tenancy/tenant-name.js';
import { checkBackup } from '../check-backup.js';
import { openBackup } from '../newest-backups.js';
import { nameAs } from '../restore-backup.js';
import { readTables } from '../tables.js';
import { checkNewName } from './import-tenant.js';
import { idOf, type LoadedTenant, loadTenant, unloadTenant } from './load-tenant.js';
import { lockTables } from './locked-schemas.js';
import type { PortableSurroundings } from './surroundings.js';
import { removeFiles, shareFiles, storedFilesOf } from './swap-files.js';

/** The parameters of a restore. */
export interface RestoreParameters {
  /** The file, by its absolute path. */
  readonly file: string;
  readonly withFiles: boolean;
}

/** A table that has another number of rows after the restore. */
export interface TableDifference {
  readonly table: string;
  readonly before: number;
  readonly restored: number;
}

interface RestoreNotes extends LoadedTenant {
  /** Number of rows in the file. */
  readonly expected: number;
  readonly differences: readonly TableDifference[];
  /** Whether there was a folder of files under the temporary name before. */
  readonly hadFiles: boolean;
  /** Whether all that the tenant had is under the name of what it was. */
  readonly kept: true;
  /** Whether the names are swapped. */
  readonly swapped: true;
}

/** The results of a restore. */
export type RestoredTenantReport = Pick<
  RestoreNotes,
  'snapshotAt' | 'rows' | 'files' | 'differences' | 'unknownTables'
>;

type Work = StepWork<RestoreParameters, RestoreNotes, PortableSurroundings>;

const nothing = async () => undefined;
const isNotSwapped = ({ swapped }: Partial<RestoreNotes>) => swapped !== true;

/**
 * Restoring a tenant from a backup. Its schemas are its own, a temporary one, which the backup is loaded into, and the one
 * under which what it was is kept.
 */
export const RESTORE: Operation<RestoreParameters, RestoreNotes, PortableSurroundings> = {
  kind: 'restore',
  steps: [
    { name: 'check', label: 'reading and comparing the file', run: check, undo: nothing },
    { name: 'load', label: 'loading rows and files', run: load, undo: unload },
    { name: 'compare', label: 'comparing it with what there is', run: compare, undo: nothing },
    { name: 'files', label: 'sharing the files', run: share, undo: unshare },
    { name: 'swap', label: 'swapping the names', run: swap, undo: nothing, canUndo: isNotSwapped },
    { name: 'tidy', label: 'putting the files in order', run: tidy },
  ],
};

/** Returns the names that a restore takes: the tenant's own, a temporary one, and that of what it was. */
export function namesOfRestore(schema: string): [string, string, string] {
  const base = schema.slice(0, LONGEST_BASE).replace(/_$/, '');
  return [schema, `${base}_restored`, `${base}_before`];
}

/** So that the names are short enough for schemas and hosts. */
const LONGEST_BASE = 'tenant_'.length + 40;

async function check(work: Work): Promise<void> {
  const { parameters, surroundings } = work;
  const [schema, temporary, before] = work.schemas as readonly [string, string, string];
  await withOwner(surroundings.owner, async (client) => {
    if ((await idOf(client, schema)) === null) throw new TenantNotFoundError(schema);
    for (const name of [temporary, before]) await checkNewName(client, name);
    const deleted = await client.query('SELECT FROM public.tenant_deletion WHERE schema_name = $1', [schema]);
    if (deleted.rowCount)
      throw new PlainError(
        `${shortName(schema)} is deleted; bring it back first: leopard tenants undelete ${shortName(schema)}`,
      );
  });
  if ((await cellOfTenant(surroundings.handle, schema)) !== null)
    throw new PlainError(
      `${shortName(schema)} lives in a cell; import the file under another name there: leopard tenants import FILE --as <name>`,
    );
  const folder = join(surroundings.mediaDirectory, before);
  if (existsSync(folder)) throw new PlainError(`${folder} is in the way: no tenant has it; move it away`);
  const { sections } = await checkBackup(openBackup(parameters.file), ({ rows }) => {
    work.signal.throwIfAborted();
    work.progress({ done: rows, total: null });
  });
  const section = sections.find(({ scope }) => scope === schema);
  if (!section) throw new PlainError(`${parameters.file} does not hold ${shortName(schema)}`);
  const hadFiles = existsSync(join(surroundings.mediaDirectory, temporary));
  await work.note({ expected: section.rows, hadFiles });
}

async function load(work: Work): Promise<void> {
  const { parameters, surroundings, notes } = work;
  const [schema, temporary] = work.schemas as readonly [string, string];
  if (notes.tenantId !== undefined) return; // committed, and killed before the step was
  await work.inCatalogue(async (client) => {
    const target = {
      schema: temporary,
      domains: ownDomains(shortName(temporary), surroundings.hosts),
      // It takes the tenant's place: nothing is done for it until then.
      ...{ isOff: true, keepsSending: true, boundTo: schema },
      withFiles: parameters.withFiles,
    };
    const source = openBackup(parameters.file);
    const loaded = await loadTenant(client, surroundings, source, schema, target, ({ rows }) => {
      work.signal.throwIfAborted();
      work.progress({ done: rows, total: notes.expected ?? null });
    });
    await work.note(loaded, client);
  });
}

async function unload({ surroundings, schemas, notes }: Work): Promise<void> {
  await unloadTenant(surroundings, schemas[1]!, notes);
}

async function compare(work: Work): Promise<void> {
  const { surroundings, notes } = work;
  const differences = await differencesFrom(surroundings.owner, work.schemas[0]!, notes.tables ?? {});
  await work.note({ differences });
}

/** Returns the tables of a tenant that have another number of rows than a backup of it. */
export async function differencesFrom(
  owner: PortableSurroundings['owner'],
  schema: string,
  restored: Readonly<Record<string, number>>,
): Promise<TableDifference[]> {
  return await withOwner(owner, async (client) => {
    const found: TableDifference[] = [];
    for (const { name } of await readTables(client, schema)) {
      const table = qualified(schema, name);
      const { rows } = await client.query<{ count: string }>(`SELECT count(*) AS count FROM ${table}`);
      const difference = { table: name, before: Number(rows[0]!.count), restored: restored[name] ?? 0 };
      if (difference.before !== difference.restored) found.push(difference);
    }
    return found;
  });
}

/** Gives either side of the swap both sides' files while it happens, so that no request misses one. */
async function share({ surroundings: { mediaDirectory }, schemas, parameters, note }: Work): Promise<void> {
  const [schema, temporary, before] = schemas as readonly [string, string, string];
  const present = await storedFilesOf(mediaDirectory, schema);
  await shareFiles(mediaDirectory, schema, before, present);
  await note({ kept: true });
  if (parameters.withFiles)
    await shareFiles(mediaDirectory, temporary, schema, await storedFilesOf(mediaDirectory, temporary));
}

async function unshare({ surroundings: { mediaDirectory }, schemas, notes }: Work): Promise<void> {
  const [schema, temporary, before] = schemas as readonly [string, string, string];
  // Until then the tenant was given nothing, and it is not known what is its own.
  if (notes.kept) {
    const own = new Set(await storedFilesOf(mediaDirectory, before));
    const given = await storedFilesOf(mediaDirectory, temporary);
    await removeFiles(
      mediaDirectory,
      schema,
      given.filter((path) => !own.has(path)),
    );
  }
  await removeTenantFiles(mediaDirectory, before);
}

const ATTEMPTS = 8;
const PAUSE_MS = 500;
const IN_USE = new Set(['55P03', '40P01']);

async function swap(work: Work): Promise<void> {
  for (let attempt = 1; work.notes.swapped !== true; attempt++) {
    try {
      await work.inCatalogue((client) => swapIn(client, work, attempt < ATTEMPTS));
    } catch (error) {
      if (!IN_USE.has((error as { code?: string }).code ?? '')) throw error;
      if (attempt === ATTEMPTS)
        throw new PlainError(`the tables of ${work.schemas[0]} are in use by a long transaction; end it`, {
          cause: error,
        });
      await sleep(jittered(PAUSE_MS * attempt), undefined, { signal: work.signal });
    }
  }
}

async function swapIn(client: OwnerClient, work: Work, givesWay: boolean): Promise<void> {
  const { appUser, hosts } = work.surroundings;
  const [schema, temporary, before] = work.schemas as readonly [string, string, string];
  await lockTenants(client, schema, temporary, before);
  await lockTables(client, [schema, temporary], givesWay);
  await renameSchema(client, appUser, schema, before, { keepsRole: true });
  await renameSchema(client, appUser, temporary, schema, { keepsRole: true });
  await client.query('SET LOCAL search_path TO pg_catalog');
  const { rows } = await client.query<{ id: string; name: string; schema: string }>(
    `SELECT id::text AS id, name, schema_name AS schema FROM public.tenants_tenant
     WHERE schema_name IN ($1, $2) FOR UPDATE`,
    [before, schema],
  );
  const [old, restored] = [before, schema].map((name) => rows.find((row) => row.schema === name)!);
  await client.query('DELETE FROM public.tenants_domain WHERE tenant_id = $1', [restored!.id]);
  await client.query('UPDATE public.tenants_domain SET tenant_id = $2 WHERE tenant_id = $1', [
    old!.id,
    restored!.id,
  ]);
  const state = await client.query<{ isActive: boolean; status: string; maxUsers: number }>(
    `UPDATE public.tenants_tenant t SET name = $2, is_active = false, updated_at = now()
     FROM (SELECT * FROM public.tenants_tenant WHERE id = $1) was WHERE t.id = was.id
     RETURNING was.is_active AS "isActive", was.subscription_status AS status, was.max_users AS "maxUsers"`,
    [old!.id, nameAs(old!.name, before)],
  );
  const { isActive, status, maxUsers } = state.rows[0]!;
  // The agency's own settings are restored, what the operator has agreed with it stays. Log-ins of the time before end.
  await client.query(
    `UPDATE public.tenants_tenant SET name = $2, is_active = $3, subscription_status = $4, max_users = $5,
       created_at = clock_timestamp(), updated_at = now()
     WHERE id = $1`,
    [restored!.id, old!.name, isActive, status, maxUsers],
  );
  await client.query(
    `INSERT INTO public.tenants_domain (domain, is_primary, tenant_id)
     SELECT domain, place = 1, $2 FROM unnest($1::text[]) WITH ORDINALITY AS d (domain, place) ON CONFLICT DO NOTHING`,
    [ownDomains(shortName(before), hosts), old!.id],
  );
  await work.note({ swapped: true }, client);
}

async function tidy({ surroundings, schemas }: Work): Promise<void> {
  const { owner, mediaDirectory } = surroundings;
  const [schema, temporary, before] = schemas as readonly [string, string, string];
  // What was stored between sharing and swapping is the old one's, too.
  await shareFiles(mediaDirectory, schema, before, [...(await filesNamed(owner, before))]);
  const named = await filesNamed(owner, schema);
  const others = await storedFilesOf(mediaDirectory, before);
  await removeFiles(
    mediaDirectory,
    schema,
    others.filter((path) => !named.has(path)),
  );
  await removeTenantFiles(mediaDirectory, temporary);
  await withOwner(owner, (client) => dropTenantRole(client, temporary));
}

async function filesNamed(owner: PortableSurroundings['owner'], schema: string): Promise<Set<string>> {
  const table = qualified(schema, 'immigration_profilepicture');
  const { rows } = await withOwner(owner, (client) =>
    client.query<{ file: string }>(`SELECT file FROM ${table}`),
  );
  return new Set(rows.map(({ file }) => file));
}

/**
 * Restores a tenant from its backup or export. The backup is loaded under a temporary name and compared; then the names are
 * swapped in one transaction: requests wait for it. What the tenant was until then stays, switched off, under the name
 * `<name>_before` until somebody deletes it. Everybody has to log in again. Killed at any point, it is carried on by the
 * same call.
 * @throws TenantNotFoundError, TenantPresentError, UnreadableBackupError, OtherVersionError, PlainError: everything is as it
 * was then, unless it is an OperationFailedError; see runOperation
 */
export async function restoreTenantFrom(
  surroundings: PortableSurroundings,
  schema: string,
  parameters: RestoreParameters,
  options: RunOptions = {},
): Promise<RestoredTenantReport> {
  const request = { schemas: namesOfRestore(schema), parameters };
  return (await runOperation(RESTORE, surroundings, request, options)) as RestoredTenantReport;
}
