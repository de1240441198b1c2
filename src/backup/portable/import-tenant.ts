import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { withOwner } from '../../database/owner.js';
import { PlainError } from '../../platform/plain-error.js';
import { checkHostLabels, ownDomains } from '../../provisioning/create-tenant.js';
import { homeIn, type MadeNotes, makeIn, placeIn, unplace } from '../../provisioning/made-in-cell.js';
import type { Operation, StepWork } from '../../provisioning/operations/operation.js';
import { type RunOptions, runOperation } from '../../provisioning/operations/run.js';
import { storedDomain } from '../../tenancy/domain.js';
import { shortName } from '../../tenancy/tenant-name.js';
import { checkBackup } from '../check-backup.js';
import { openBackup } from '../newest-backups.js';
import { TenantPresentError } from '../tenant-rows.js';
import { idOf, type LoadedTenant, loadTenant, unloadIn } from './load-tenant.js';
import type { PortableSurroundings } from './surroundings.js';

/** The parameters of an import. */
export interface ImportParameters {
  /** The file, by its absolute path. */
  readonly file: string;
  /** The schema in the file. */
  readonly from: string;
  /** Further domains beside the two of a new name. */
  readonly domains: readonly string[];
  readonly keepsLogins: boolean;
  readonly keepsSending: boolean;
  readonly withFiles: boolean;
  /** The further cell in which it lives; that of the catalogue when not given. */
  readonly cell?: string;
}

interface ImportNotes extends LoadedTenant, MadeNotes {
  /** Number of rows in the file. */
  readonly expected: number;
  /** Whether there was a folder of files under that name before. */
  readonly hadFiles: boolean;
}

type Work = StepWork<ImportParameters, ImportNotes, PortableSurroundings>;

/** Importing a tenant from an exported file; its first schema is the one that is made. */
export const IMPORT: Operation<ImportParameters, ImportNotes, PortableSurroundings> = {
  kind: 'import',
  steps: [
    { name: 'check', label: 'reading and comparing the file', run: check, undo: async () => undefined },
    { name: 'load', label: 'loading rows and files', run: load, undo: unload },
    {
      name: 'place',
      label: 'naming it in the catalogue',
      run: async (work) => placeIn(work, work.schemas[0]!, cellIn(work)),
      undo: async (work) => unplace(work, cellIn(work)),
    },
  ],
};

const cellIn = ({ parameters }: Work) => parameters.cell ?? null;

async function check(work: Work): Promise<void> {
  const { parameters, surroundings } = work;
  const schema = work.schemas[0]!;
  await withOwner(surroundings.owner, (client) => checkNewName(client, schema));
  const { sections } = await checkBackup(openBackup(parameters.file), ({ rows }) => {
    work.signal.throwIfAborted();
    work.progress({ done: rows, total: null });
  });
  const expected = sections.find(({ scope }) => scope === parameters.from)?.rows;
  if (expected === undefined) throw new PlainError(`${parameters.file} does not hold ${parameters.from}`);
  const hadFiles = existsSync(join(surroundings.mediaDirectory, schema));
  await work.note({ expected, hadFiles });
}

async function load(work: Work): Promise<void> {
  const { parameters, surroundings, notes } = work;
  const { file, from, domains, keepsLogins, keepsSending, withFiles } = parameters;
  const schema = work.schemas[0]!;
  if (notes.tenantId !== undefined) return; // committed, and killed before the step was
  await makeIn(work, { schema, cell: cellIn(work) }, async (client, { appUser }, id) => {
    const target = {
      schema,
      domains:
        schema === from && domains.length === 0
          ? null
          : [...ownDomains(shortName(schema), surroundings.hosts), ...domains],
      ...{ keepsLogins, keepsSending, withFiles, id },
    };
    const means = { ...surroundings, appUser };
    return await loadTenant(client, means, openBackup(file), from, target, ({ rows }) => {
      work.signal.throwIfAborted();
      work.progress({ done: rows, total: notes.expected ?? null });
    });
  });
}

async function unload(work: Work): Promise<void> {
  await unloadIn(work.surroundings, { schema: work.schemas[0]!, cell: cellIn(work) }, work.notes);
}

/** Checks that nobody has this name: also a tenant whose schema is lost keeps it. @throws PlainError */
export async function checkNewName(client: Parameters<typeof idOf>[0], schema: string): Promise<void> {
  if ((await idOf(client, schema)) !== null) throw new TenantPresentError(schema);
}

/**
 * Imports a tenant from an exported file, under its own or another name, from this or an older version. Until it is told
 * otherwise it sends nothing: its webhooks and e-mails are off. Killed at any point, it is carried on by the same call.
 * @throws TenantPresentError, TenantExistsError, UnreadableBackupError, OtherVersionError, PlainError: everything is undone
 * then; see runOperation
 */
export async function importTenant(
  surroundings: PortableSurroundings,
  schema: string,
  { domains, ...others }: ImportParameters,
  options: RunOptions = {},
): Promise<LoadedTenant> {
  if (schema !== others.from) checkHostLabels(shortName(schema), surroundings.hosts);
  homeIn(surroundings.handle, others.cell ?? null);
  const parameters = { ...others, domains: domains.map(storedDomain) };
  return (await runOperation(
    IMPORT,
    surroundings,
    { schemas: [schema], parameters },
    options,
  )) as LoadedTenant;
}
