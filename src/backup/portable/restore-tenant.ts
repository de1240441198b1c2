import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cellOfTenant } from '../../database/cells.js';
import { inTransaction, type OwnerClient, withOwner } from '../../database/owner.js';
import { dropTenantRole } from '../../database/roles.js';
import { qualified } from '../../database/schema-name.js';
import { jittered } from '../../platform/jitter.js';
import { PlainError } from '../../platform/plain-error.js';
import { ownDomains } from '../../provisioning/create-tenant.js';
import { homeIn, type MadeNotes, makeIn, placeIn, unplace } from '../../provisioning/made-in-cell.js';
import type { Operation, StepWork } from '../../provisioning/operations/operation.js';
import { type RunOptions, runOperation } from '../../provisioning/operations/run.js';
import { renameSchema } from '../../provisioning/renamed-schema.js';
import { lockTenants } from '../../schema/locking.js';
import { removeTenantFiles } from '../../storage/tenant-files.js';
import { copyToCell } from '../../tenancy/cell-rows.js';
import { TenantNotFoundError } from '../../tenancy/new-tenant.js';
import { shortName } from '../../tenancy/tenant-name.js';
import { checkBackup } from '../check-backup.js';
import { openBackup } from '../newest-backups.js';
import { nameAs } from '../restore-backup.js';
import { readTables } from '../tables.js';
import { checkNewName } from './import-tenant.js';
import { idOf, type LoadedTenant, loadTenant, unloadIn } from './load-tenant.js';
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

interface RestoreNotes extends LoadedTenant, MadeNotes {
  /** The cell in which the tenant lives; null for the catalogue's own database. */
  readonly cell: string | null;
  /** Number of rows in the file. */
  readonly expected: number;
  readonly differences: readonly TableDifference[];
  /** Whether there was a folder of files under the temporary name before. */
  readonly hadFiles: boolean;
  /** Whether all that the tenant had is under the name of what it was. */
  readonly kept: true;
  /** Whether the names may be swapped in a further cell, from where there is no way back. */
  readonly swapping: boolean;
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
const isNotSwapped = ({ swapping, swapped }: Partial<RestoreNotes>) => !swapping && !swapped;
const cellIn = ({ notes }: Work) => notes.cell ?? null;

/**
 * Restoring a tenant from a backup. Its schemas are its own, a temporary one, which the backup is loaded into, and the one
 * under which what it was is kept.
 */
export const RESTORE: Operation<RestoreParameters, RestoreNotes, PortableSurroundings> = {
  kind: 'restore',
  steps: [
    { name: 'check', label: 'reading and comparing the file', run: check, undo: nothing },
    { name: 'load', label: 'loading rows and files', run: load, undo: unload },
    {
      name: 'place',
      label: 'naming it in the catalogue',
      run: async (work) => placeIn(work, work.schemas[1]!, cellIn(work)),
      undo: async (work) => unplace(work, cellIn(work)),
    },
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
  const cell = await cellOfTenant(surroundings.handle, schema);
  homeIn(surroundings.handle, cell);
  const folder = join(surroundings.mediaDirectory, before);
  if (existsSync(folder)) throw new PlainError(`${folder} is in the way: no tenant has it; move it away`);
  const { sections } = await checkBackup(openBackup(parameters.file), ({ rows }) => {
    work.signal.throwIfAborted();
    work.progress({ done: rows, total: null });
  });
  const section = sections.find(({ scope }) => scope === schema);
  if (!section) throw new PlainError(`${parameters.file} does not hold ${shortName(schema)}`);
  const hadFiles = existsSync(join(surroundings.mediaDirectory, temporary));
  await work.note({ expected: section.rows, hadFiles, cell });
}

async function load(work: Work): Promise<void> {
  const { parameters, surroundings, notes } = work;
  const [schema, temporary] = work.schemas as readonly [string, string];
  if (notes.tenantId !== undefined) return; // committed, and killed before the step was
  await makeIn(work, { schema: temporary, cell: cellIn(work) }, async (client, { appUser }, id) => {
    const target = {
      ...{ schema: temporary, id },
      domains: ownDomains(shortName(temporary), surroundings.hosts),
      // It takes the tenant's place: nothing is done for it until then.
      ...{ isOff: true, keepsSending: true, boundTo: schema },
      withFiles: parameters.withFiles,
    };
    const source = openBackup(parameters.file);
    return await loadTenant(client, { ...surroundings, appUser }, source, schema, target, ({ rows }) => {
      work.signal.throwIfAborted();
      work.progress({ done: rows, total: notes.expected ?? null });
    });
  });
}

async function unload(work: Work): Promise<void> {
  await unloadIn(work.surroundings, { schema: work.schemas[1]!, cell: cellIn(work) }, work.notes);
}

async function compare(work: Work): Promise<void> {
  const { surroundings, notes } = work;
  const { owner } = homeIn(surroundings.handle, cellIn(work));
  const differences = await differencesFrom(owner, work.schemas[0]!, notes.tables ?? {});
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
const isInUse = (error: unknown) => IN_USE.has((error as { code?: string }).code ?? '');

async function swap(work: Work): Promise<void> {
  for (let attempt = 1; work.notes.swapped !== true; attempt++) {
    try {
      await swapOnce(work, attempt < ATTEMPTS);
    } catch (error) {
      if (!isInUse(error)) throw error;
      if (attempt === ATTEMPTS)
        throw new PlainError(`the tables of ${work.schemas[0]} are in use by a long transaction; end it`, {
          cause: error,
        });
      await sleep(jittered(PAUSE_MS * attempt), undefined, { signal: work.signal });
    }
  }
}

/** Swaps the names: in one transaction, or first in the tenant's cell and, right after that, in the catalogue. */
async function swapOnce(work: Work, givesWay: boolean): Promise<void> {
  const { owner, appUser, isElsewhere } = homeIn(work.surroundings.handle, cellIn(work));
  if (isElsewhere) await work.note({ swapping: true });
  await work.inCatalogue(async (catalogue) => {
    if (isElsewhere) {
      await withOwner(owner, (client) =>
        inTransaction(client, () => swapSchemas(client, appUser, work, givesWay)),
      ).catch(async (error) => {
        if (isInUse(error)) await work.note({ swapping: false });
        throw error;
      });
      await swapNamesOf(catalogue, work.schemas);
      await swapRows(catalogue, work);
    } else await swapSchemas(catalogue, appUser, work, givesWay);
    await work.note({ swapped: true }, catalogue);
  });
}

/** Swaps the names of the schemas and rows, unless a killed process has done it. */
async function swapSchemas(
  client: OwnerClient,
  appUser: string,
  work: Work,
  givesWay: boolean,
): Promise<void> {
  const [schema, temporary, before] = work.schemas as readonly [string, string, string];
  await lockTenants(client, schema, temporary, before);
  if ((await idOf(client, schema)) === work.notes.tenantId) return;
  await lockTables(client, [schema, temporary], givesWay);
  await renameSchema(client, appUser, schema, before, { keepsRole: true });
  await renameSchema(client, appUser, temporary, schema, { keepsRole: true });
  await client.query('SET LOCAL search_path TO pg_catalog');
  await swapRows(client, work);
}

/** Swaps the names of the rows in the catalogue, where the schemas are in another database. */
async function swapNamesOf(catalogue: OwnerClient, schemas: readonly string[]): Promise<void> {
  const [schema, temporary, before] = schemas;
  for (const [from, to] of [
    [schema, before],
    [temporary, schema],
  ])
    await catalogue.query('UPDATE public.tenants_tenant SET schema_name = $2 WHERE schema_name = $1', [
      from,
      to,
    ]);
}

/** Gives the rows what the other one had: the agency's name, domains and state. */
async function swapRows(client: OwnerClient, work: Work): Promise<void> {
  const { hosts } = work.surroundings;
  const [schema, , before] = work.schemas as readonly [string, string, string];
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
}

async function tidy(work: Work): Promise<void> {
  const { mediaDirectory, handle } = work.surroundings;
  const { owner } = homeIn(handle, cellIn(work));
  const [schema, temporary, before] = work.schemas as readonly [string, string, string];
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
  // Both databases have said themselves since when the restored one exists.
  const name = cellIn(work);
  if (name !== null)
    for (const each of [schema, before])
      await copyToCell(work.surroundings.owner, { name, settings: owner }, each);
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
