import { rm } from 'node:fs/promises';
import type { OwnerClient } from '../database/owner.js';
import { PlainError } from '../platform/plain-error.js';
import { TenantNotFoundError } from '../tenancy/new-tenant.js';
import { shortName } from '../tenancy/tenant-name.js';
import type { Operation, StepProgress } from './operations/operation.js';
import { type RunOptions, runOperation } from './operations/run.js';
import { markDeleted, tellCell, unmarkDeleted } from './shut-out.js';
import type { HomeSurroundings } from './tenant-home.js';

export interface DeleteSurroundings extends HomeSurroundings {
  /** Writes a tenant to a file, complete or not at all; replaces an existing one. */
  readonly exportTenant: (
    schema: string,
    file: string,
    options: { readonly signal: AbortSignal; readonly onProgress: (progress: StepProgress) => void },
  ) => Promise<void>;
}

interface DeleteParameters {
  /** Days for which it can be brought back; 0 for no end. */
  readonly days: number;
  /** The file of the final export; null for none. */
  readonly file: string | null;
}

interface DeleteNotes {
  /** Whether the tenant was not deleted before. */
  readonly closed: true;
  /** The file of the final export. */
  readonly file: string;
}

/** Deleting a tenant so that it can be brought back. */
export const deleteOperation: Operation<DeleteParameters, DeleteNotes, DeleteSurroundings> = {
  kind: 'delete',
  // Each attempt names the file by its own time; the first one's counts.
  secrets: ['file'],
  steps: [
    {
      name: 'close',
      label: 'shutting the tenant out',
      async run({ schemas: [schema], parameters, inCatalogue, note, surroundings }) {
        await inCatalogue(async (client) => {
          if (await markDeleted(client, schema!, parameters.days)) await note({ closed: true }, client);
        });
        await tellCell(surroundings, schema!);
      },
      async undo({ schemas: [schema], notes, inCatalogue, surroundings }) {
        if (notes.closed) await inCatalogue((client) => unmarkDeleted(client, schema!));
        await tellCell(surroundings, schema!);
      },
    },
    {
      name: 'export',
      label: 'writing the final export',
      async run({ schemas: [schema], parameters, surroundings, signal, note, progress }) {
        if (parameters.file === null) return;
        await surroundings.exportTenant(schema!, parameters.file, { signal, onProgress: progress });
        await note({ file: parameters.file });
      },
      async undo({ parameters }) {
        if (parameters.file !== null) await rm(parameters.file, { force: true });
      },
    },
  ],
};

/**
 * Deletes a tenant: it is shut out at once, a final export is written, and `undeleteTenant` brings everything back until it
 * is removed for good, which the job `deleted-tenants` does when its time is over. Killed at any point, it is carried on
 * when it is called again.
 * @returns the file of the final export; null where none was wanted
 * @throws TenantNotFoundError; PlainError when it is deleted already, or when the export fails: nothing is changed then
 */
export async function deleteTenant(
  surroundings: DeleteSurroundings,
  schema: string,
  parameters: DeleteParameters,
  options?: RunOptions,
): Promise<{ readonly file: string | null }> {
  const check = async (client: OwnerClient) => {
    if (!(await isDeletedIn(client, schema))) return;
    const name = shortName(schema);
    throw new PlainError(
      `${name} is deleted already; bring it back: leopard tenants undelete ${name}, or remove it for good: leopard tenants delete ${name} --now`,
    );
  };
  const { file = null } = await runOperation(
    deleteOperation,
    surroundings,
    { schemas: [schema], parameters, check },
    options,
  );
  return { file };
}

/** Returns whether a tenant is deleted, so that it can be brought back. @throws TenantNotFoundError */
async function isDeletedIn(client: OwnerClient, schema: string): Promise<boolean> {
  const { rows } = await client.query<{ isDeleted: boolean }>(
    `SELECT EXISTS (SELECT FROM public.tenant_deletion WHERE schema_name = $1) AS "isDeleted"
     FROM public.tenants_tenant WHERE schema_name = $1`,
    [schema],
  );
  if (!rows[0]) throw new TenantNotFoundError(schema);
  return rows[0].isDeleted;
}

/** Bringing a deleted tenant back. */
export const undeleteOperation: Operation<Record<string, never>, object, HomeSurroundings> = {
  kind: 'undelete',
  steps: [
    {
      name: 'open',
      label: 'letting the tenant in',
      async run({ schemas: [schema], inCatalogue, surroundings }) {
        await inCatalogue((client) => unmarkDeleted(client, schema!));
        await tellCell(surroundings, schema!);
      },
    },
  ],
};

/**
 * Brings a deleted tenant back, as it was: switched on or off, with its domains, records, files and waiting work.
 * @throws TenantNotFoundError; PlainError when it is not deleted; OperationInTheWayError while it is being removed
 */
export async function undeleteTenant(
  surroundings: HomeSurroundings,
  schema: string,
  options?: RunOptions,
): Promise<void> {
  const check = async (client: OwnerClient) => {
    if (!(await isDeletedIn(client, schema))) throw new PlainError(`${shortName(schema)} is not deleted`);
  };
  await runOperation(undeleteOperation, surroundings, { schemas: [schema], parameters: {}, check }, options);
}
