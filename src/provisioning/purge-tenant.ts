import { type OwnerClient, withOwner } from '../database/owner.js';
import { dropTenantRole } from '../database/roles.js';
import { checkSchemaName, quoteIdentifier } from '../database/schema-name.js';
import { PlainError } from '../platform/plain-error.js';
import { inLockingTransaction, lockTenants } from '../schema/locking.js';
import { removeTenantFiles } from '../storage/tenant-files.js';
import { TenantNotFoundError } from '../tenancy/new-tenant.js';
import { shortName } from '../tenancy/tenant-name.js';
import { dropTables } from './drop-tables.js';
import type { Operation } from './operations/operation.js';
import { type RunOptions, runOperation } from './operations/run.js';
import { markDeleted, tellCell, unmarkDeleted } from './shut-out.js';
import { atHome, type HomeSurroundings, homeOf } from './tenant-home.js';

export interface PurgeSurroundings extends HomeSurroundings {
  /** The folder that holds one folder of files per tenant. */
  readonly mediaDirectory: string;
}

interface PurgeNotes {
  /** Whether the tenant was deleted only by this operation. */
  readonly closed: boolean;
  /** Whether tables may be gone. */
  readonly dropping: true;
}

/** Removing a tenant for good: tables, schema, role, rows, queues, files, domains; the name becomes free last. */
export const purgeOperation: Operation<Record<string, never>, PurgeNotes, PurgeSurroundings> = {
  kind: 'purge',
  steps: [
    {
      name: 'close',
      label: 'shutting the tenant out',
      async run({ schemas: [schema], inCatalogue, note, surroundings }) {
        await inCatalogue(async (client) => {
          if (await markDeleted(client, schema!, null)) await note({ closed: true }, client);
        });
        await tellCell(surroundings, schema!);
      },
      async undo({ schemas: [schema], notes, inCatalogue, surroundings }) {
        if (notes.closed) await inCatalogue((client) => unmarkDeleted(client, schema!));
        await tellCell(surroundings, schema!);
      },
    },
    {
      name: 'tables',
      label: 'dropping the tables',
      async run({ schemas: [schema], note, progress, signal, surroundings }) {
        const onDropped = async (done: number, total: number) => {
          if (done > 0) await note({ dropping: true });
          progress({ done, total });
        };
        await atHome(surroundings.handle, schema!, (client) =>
          dropTables(client, schema!, { onDropped, signal }),
        );
      },
      undo: async () => undefined,
      canUndo: ({ dropping }) => !dropping,
    },
    {
      name: 'schema',
      label: 'dropping the schema and the queues',
      async run({ schemas: [schema], surroundings }) {
        const home = await homeOf(surroundings.handle, schema!);
        const name = quoteIdentifier(checkSchemaName(schema!));
        await withOwner(home.owner, (client) =>
          inLockingTransaction(
            client,
            schema!,
            async () => {
              await client.query(`DROP SCHEMA IF EXISTS ${name} CASCADE`);
              await client.query('DELETE FROM public.migration_ledger WHERE scope = $1', [schema]);
              await dropTenantRole(client, schema!);
              if (home.isElsewhere)
                await client.query('DELETE FROM public.tenants_tenant WHERE schema_name = $1', [schema]);
            },
            { first: () => lockTenants(client, schema!) },
          ),
        );
      },
    },
    {
      name: 'files',
      label: 'removing the files',
      run: ({ schemas: [schema], surroundings }) => removeTenantFiles(surroundings.mediaDirectory, schema!),
    },
    {
      name: 'row',
      label: 'removing the row and the domains',
      async run({ id, schemas: [schema], inCatalogue }) {
        await inCatalogue(async (client) => {
          await client.query('DELETE FROM public.tenants_tenant WHERE schema_name = $1', [schema]);
          await client.query(
            'DELETE FROM public.tenant_operation WHERE finished_at IS NOT NULL AND id <> $1 AND $2 = ANY (schema_names)',
            [id, schema],
          );
        });
      },
    },
  ],
};

/** Thrown by a removal of a tenant that is not due any more, since somebody has brought it back. */
export class NotDueError extends PlainError {
  override readonly name = 'NotDueError';
}

/**
 * Removes a tenant for good, whether it was deleted before or not. Killed at any point, it is carried on when it is called
 * again.
 * @param dueAt the moment at which the time of the deleted tenant must be over; null for now, not given for any tenant
 * @throws TenantNotFoundError, NotDueError; TablesInUseError, nothing is changed then; OperationFailedError
 */
export async function purgeTenant(
  surroundings: PurgeSurroundings,
  schema: string,
  { dueAt, ...options }: RunOptions & { readonly dueAt?: string | null } = {},
): Promise<void> {
  const check = async (client: OwnerClient) => {
    const { rows } = await client.query<{ isDue: boolean }>(
      `SELECT EXISTS (SELECT FROM public.tenant_deletion
                WHERE schema_name = $1 AND purge_at <= coalesce($2::timestamptz, now())) AS "isDue"
       FROM public.tenants_tenant WHERE schema_name = $1`,
      [schema, dueAt ?? null],
    );
    if (!rows[0]) throw new TenantNotFoundError(schema);
    if (dueAt !== undefined && !rows[0].isDue)
      throw new NotDueError(`${shortName(schema)} is not to be removed any more`);
  };
  await runOperation(purgeOperation, surroundings, { schemas: [schema], parameters: {}, check }, options);
}
