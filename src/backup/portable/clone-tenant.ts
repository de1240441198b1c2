import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { OwnerClient } from '../../database/owner.js';
import { withOwner } from '../../database/owner.js';
import { checkHostLabels, ownDomains } from '../../provisioning/create-tenant.js';
import { homeIn, type MadeNotes, makeIn, placeIn, unplace } from '../../provisioning/made-in-cell.js';
import type { Operation, StepWork } from '../../provisioning/operations/operation.js';
import { type RunOptions, runOperation } from '../../provisioning/operations/run.js';
import { storedDomain } from '../../tenancy/domain.js';
import { TenantNotFoundError } from '../../tenancy/new-tenant.js';
import { shortName } from '../../tenancy/tenant-name.js';
import { type ByteSink, streamSink } from '../backup-output.js';
import { writeTenant } from './export-tenant.js';
import { checkNewName } from './import-tenant.js';
import { idOf, type LoadedTenant, type LoadTarget, loadTenant, unloadIn } from './load-tenant.js';
import { homeOwner, type PortableSurroundings } from './surroundings.js';

/** The parameters of a clone. */
export interface CloneParameters {
  /** Whether other values stand in place of people's data; see anonymised-columns.ts. */
  readonly isAnonymised: boolean;
  /** Further domains beside its own two. */
  readonly domains: readonly string[];
  readonly withFiles: boolean;
  /** The further cell in which the clone lives; that of the catalogue when not given. */
  readonly cell?: string;
}

interface CloneNotes extends LoadedTenant, MadeNotes {
  /** Whether there was a folder of files under that name before. */
  readonly hadFiles: boolean;
}

type Work = StepWork<CloneParameters, CloneNotes, PortableSurroundings>;

/** Cloning a tenant: its schemas are that of the clone and that of the source. */
export const CLONE: Operation<CloneParameters, CloneNotes, PortableSurroundings> = {
  kind: 'clone',
  steps: [
    { name: 'check', label: 'checking the names', run: check, undo: async () => undefined },
    { name: 'copy', label: 'copying rows and files', run: copy, undo: unload },
    {
      name: 'place',
      label: 'naming it in the catalogue',
      run: async (work) => placeIn(work, work.schemas[0]!, cellIn(work)),
      undo: async (work) => unplace(work, cellIn(work)),
    },
  ],
};

const cellIn = ({ parameters }: Work) => parameters.cell ?? null;

async function check({ schemas, surroundings, note }: Work): Promise<void> {
  const [schema, source] = schemas as readonly [string, string];
  await withOwner(surroundings.owner, async (client) => {
    await checkNewName(client, schema);
    if ((await idOf(client, source)) === null) throw new TenantNotFoundError(source);
  });
  await note({ hadFiles: existsSync(join(surroundings.mediaDirectory, schema)) });
}

async function copy(work: Work): Promise<void> {
  const { schemas, parameters, surroundings, notes, signal } = work;
  const [schema, source] = schemas as readonly [string, string];
  if (notes.tenantId !== undefined) return; // committed, and killed before the step was
  await makeIn(work, { schema, cell: cellIn(work) }, async (client, { appUser }, id) => {
    const target: LoadTarget = {
      schema,
      id,
      domains: [...ownDomains(shortName(schema), surroundings.hosts), ...parameters.domains],
      withFiles: parameters.withFiles,
    };
    const onProgress = ({ rows }: { rows: number }) => {
      signal.throwIfAborted();
      work.progress({ done: rows, total: null });
    };
    return await piped({ ...surroundings, appUser }, client, source, target, {
      isAnonymised: parameters.isAnonymised,
      signal,
      onProgress,
    });
  });
}

/** Writes one tenant and loads it as another at the same time, so that no file is needed. */
async function piped(
  surroundings: PortableSurroundings,
  client: OwnerClient,
  source: string,
  target: LoadTarget,
  options: {
    readonly isAnonymised: boolean;
    readonly signal: AbortSignal;
    readonly onProgress: (progress: { rows: number }) => void;
  },
): Promise<LoadedTenant> {
  const pipe = new PassThrough({ highWaterMark: 1 << 20 });
  const sink: ByteSink = {
    ...streamSink(pipe),
    finish: async () => void pipe.end(),
    discard: async () => undefined,
  };
  const pieces = pipe[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  // Without a way to end it early: what follows the last entry must be read too, or it could not be written.
  const all: AsyncIterable<Buffer> = { [Symbol.asyncIterator]: () => ({ next: () => pieces.next() }) };
  const cut = (error: Error) => {
    pipe.destroy(error);
    throw error;
  };
  const mediaDirectory = target.withFiles ? surroundings.mediaDirectory : null;
  const { isAnonymised, signal } = options;
  const owner = await homeOwner(surroundings.handle, source);
  const writing = writeTenant(owner, source, sink, {
    mediaDirectory,
    isAnonymised,
    signal,
  }).catch(cut);
  const load = async () => {
    const loaded = await loadTenant(client, surroundings, all, source, target, options.onProgress);
    while (!(await pieces.next()).done);
    return loaded;
  };
  const [, loading] = await Promise.allSettled([writing, load().catch(cut)]);
  if (loading.status === 'rejected') throw loading.reason;
  await writing;
  return loading.value;
}

async function unload(work: Work): Promise<void> {
  await unloadIn(work.surroundings, { schema: work.schemas[0]!, cell: cellIn(work) }, work.notes);
}

/**
 * Clones a tenant under another name, with its own domains, as of one moment and while it is used; with other values in
 * place of people's data if wanted, which then never leave the database. The clone sends nothing. Killed at any point, it
 * is carried on by the same call.
 * @throws TenantNotFoundError, TenantPresentError, TenantExistsError, UnclassifiedColumnError, PlainError: everything is
 * undone then; see runOperation
 */
export async function cloneTenant(
  surroundings: PortableSurroundings,
  source: string,
  schema: string,
  { domains, ...others }: CloneParameters,
  options: RunOptions = {},
): Promise<LoadedTenant> {
  checkHostLabels(shortName(schema), surroundings.hosts);
  homeIn(surroundings.handle, others.cell ?? null);
  const parameters = { ...others, domains: domains.map(storedDomain) };
  return (await runOperation(
    CLONE,
    surroundings,
    { schemas: [schema, source], parameters },
    options,
  )) as LoadedTenant;
}
