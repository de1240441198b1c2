import { setTimeout as sleep } from 'node:timers/promises';
import type { SealedSecrets } from '../auth/sealed-secrets.js';
import type { ConnectionSettings } from '../config/config.js';
import { inTransaction, type OwnerClient, withOwner } from '../database/owner.js';
import { quoteIdentifier } from '../database/schema-name.js';
import { PlainError } from '../platform/plain-error.js';
import { inLockingTransaction, lockTenants } from '../schema/locking.js';
import { linkTenantFiles } from '../storage/linked-files.js';
import { removeTenantFiles } from '../storage/tenant-files.js';
import type { FormerName } from '../tenancy/former-names.js';
import { TenantExistsError, TenantNotFoundError } from '../tenancy/new-tenant.js';
import { checkShortName, shortName } from '../tenancy/tenant-name.js';
import { checkHostLabels, type Hosts, ownDomains } from './create-tenant.js';
import type { Operation } from './operations/operation.js';
import { type RunOptions, runOperation } from './operations/run.js';
import { renameSchema } from './renamed-schema.js';
import { resealSecrets } from './reseal-secrets.js';
import { type HomeSurroundings, homeOf } from './tenant-home.js';

export interface RenameSurroundings extends HomeSurroundings {
  /** The folder that holds one folder of files per tenant. */
  readonly mediaDirectory: string;
  readonly secrets: SealedSecrets;
}

interface RenameParameters {
  /** The tenant's own domains under its new name, the primary one first. */
  readonly domains: readonly string[];
}

interface RenameNotes {
  /** Whether the schema may have its new name. */
  readonly switching: true;
  /** Number of secrets of second factors that none of the program's keys opens. */
  readonly unreadable: number;
}

/** Number of former names that a tenant keeps. */
const FORMER_NAMES = 10;
/** Milliseconds for which nobody else can take the former name: tokens tell their time in whole seconds. */
const NAME_KEPT_MS = 1_000;
/** Number of events given the new name at a time. */
const EVENTS_AT_ONCE = 5_000;

/** Renaming a tenant: schema, role, rows, queues, files, primary domain. */
export const renameOperation: Operation<RenameParameters, RenameNotes, RenameSurroundings> = {
  kind: 'rename',
  steps: [
    {
      name: 'files',
      label: 'linking the files',
      async run({ schemas: [from, to], surroundings }) {
        await linkTenantFiles(surroundings.mediaDirectory, from!, to!);
      },
      async undo({ schemas: [, to], surroundings }) {
        await removeTenantFiles(surroundings.mediaDirectory, to!);
      },
    },
    {
      name: 'switch',
      label: 'renaming the schema',
      async run({ schemas: [from, to], parameters, notes: notesBefore, surroundings, inCatalogue, note }) {
        const { handle, mediaDirectory, secrets } = surroundings;
        const home = await homeOf(handle, await nameOf(surroundings.owner, from!, to!));
        let unreadable = notesBefore.unreadable ?? 0;
        const inOrder = (owner: ConnectionSettings, work: (client: OwnerClient) => Promise<void>) =>
          withOwner(owner, (client) =>
            inLockingTransaction(client, from!, () => work(client), {
              first: () => lockTenants(client, from!, to!),
            }),
          );
        const renameAtHome = async (client: OwnerClient) => {
          await renameSchema(client, home.appUser, from!, to!);
          await client.query(`SET LOCAL search_path TO ${quoteIdentifier(to!)}, pg_temp`);
          unreadable = await resealSecrets(client, { from: from!, to: to!, secrets });
          await client.query('SET LOCAL search_path TO public, pg_temp');
          // Those that were uploaded since the first step; nobody can upload now.
          await linkTenantFiles(mediaDirectory, from!, to!);
        };
        if (home.isElsewhere) {
          await note({ switching: true });
          await inOrder(home.owner, async (client) => {
            if (await hasSchema(client, from!)) await renameAtHome(client);
          });
          await inCatalogue(async (client) => {
            const { rowCount } = await client.query(
              'UPDATE public.tenants_tenant SET schema_name = $2 WHERE schema_name = $1',
              [from, to],
            );
            if (rowCount) await giveName(client, from!, to!, parameters.domains);
          });
        } else {
          await inOrder(surroundings.owner, async (client) => {
            if (!(await hasSchema(client, from!))) return;
            await note({ switching: true }, client);
            await renameAtHome(client);
            await giveName(client, from!, to!, parameters.domains);
          });
        }
        await note({ switching: true, unreadable });
      },
      undo: async () => undefined,
      canUndo: ({ switching }) => !switching,
    },
    {
      name: 'events',
      label: 'renaming in the events',
      async run({ schemas: [from, to], surroundings, signal }) {
        const home = await homeOf(surroundings.handle, to!);
        await withOwner(home.owner, async (client) => {
          for (let changed = EVENTS_AT_ONCE; changed === EVENTS_AT_ONCE; ) {
            signal.throwIfAborted();
            changed = await inTransaction(client, async () => {
              await client.query(`SET LOCAL search_path TO ${quoteIdentifier(to!)}, pg_temp`);
              const { rowCount } = await client.query(
                `UPDATE immigration_event SET tenant_schema = $2 WHERE id IN (
                   SELECT id FROM immigration_event WHERE tenant_schema = $1 LIMIT ${EVENTS_AT_ONCE})`,
                [from, to],
              );
              return rowCount ?? 0;
            });
          }
        });
      },
    },
    {
      name: 'old-files',
      label: 'removing the old folder of files',
      async run({ schemas: [from, to], surroundings: { mediaDirectory } }) {
        await linkTenantFiles(mediaDirectory, from!, to!);
        await removeTenantFiles(mediaDirectory, from!);
        // Tokens of the former name are valid up to the end of the second of the switch. Nobody else gets the name before.
        await sleep(NAME_KEPT_MS);
      },
    },
  ],
};

async function hasSchema(client: OwnerClient, schema: string): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>(
    'SELECT to_regnamespace(quote_ident($1)) IS NOT NULL AS there',
    [schema],
  );
  return rows[0]!.there;
}

/** Returns the name under which the catalogue has a tenant that is being renamed. */
async function nameOf(owner: ConnectionSettings, from: string, to: string): Promise<string> {
  const { rowCount } = await withOwner(owner, (client) =>
    client.query('SELECT FROM public.tenants_tenant WHERE schema_name = $1', [from]),
  );
  return rowCount ? from : to;
}

/** Notes the former name, and adds the domains of the new one, the first as primary; the old domains stay. */
async function giveName(
  client: OwnerClient,
  from: string,
  to: string,
  domains: readonly string[],
): Promise<void> {
  const { rows } = await client.query<{ id: string; former: readonly FormerName[] | null; next: number }>(
    `SELECT id, former_names AS former, floor(extract(epoch FROM clock_timestamp()))::float8 + 1 AS next
     FROM public.tenants_tenant WHERE schema_name = $1`,
    [to],
  );
  const { id, former, next } = rows[0]!;
  const known = former ?? [];
  const names = [...known, { name: shortName(from), since: known.at(-1)?.until ?? 0, until: next }];
  await client.query('UPDATE public.tenants_tenant SET former_names = $2, updated_at = now() WHERE id = $1', [
    id,
    JSON.stringify(names.slice(-FORMER_NAMES)),
  ]);
  await client.query('UPDATE public.tenants_domain SET is_primary = false WHERE tenant_id = $1', [id]);
  const given = await client.query<{ domain: string }>(
    `INSERT INTO public.tenants_domain AS known (domain, is_primary, tenant_id)
     SELECT domain, position = 1, $2 FROM unnest($1::text[]) WITH ORDINALITY AS d (domain, position)
     ON CONFLICT (domain) DO UPDATE SET is_primary = excluded.is_primary WHERE known.tenant_id = $2
     RETURNING domain`,
    [domains, id],
  );
  const taken = domains.find((domain) => !given.rows.some((row) => row.domain === domain));
  if (taken !== undefined) throw new TenantExistsError('domain', taken);
}

/**
 * Renames a tenant, with its schema, role, files and queues. Its new name brings its own primary domain; the domains that
 * it had lead to it as before, and tokens stay valid. Killed at any point, it is carried on when it is called again.
 * @returns number of secrets of second factors that none of the program's keys opens
 * @throws TenantNotFoundError, TenantExistsError, PlainError about the name, or for a deleted tenant: nothing is changed
 * then; OperationFailedError
 */
export async function renameTenant(
  surroundings: RenameSurroundings,
  hosts: Hosts,
  schema: string,
  name: string,
  options?: RunOptions,
): Promise<{ readonly schema: string; readonly unreadable: number }> {
  const short = checkShortName(name);
  checkHostLabels(short, hosts);
  const to = `tenant_${short}`;
  const domains = ownDomains(short, hosts);
  if (to === schema) throw new PlainError(`${short} has this name already`);
  const check = (client: OwnerClient) => checkRename(client, schema, to, domains);
  const request = { schemas: [schema, to] as const, parameters: { domains }, check };
  const { unreadable = 0 } = await runOperation(renameOperation, surroundings, request, options);
  return { schema: to, unreadable };
}

async function checkRename(
  client: OwnerClient,
  from: string,
  to: string,
  domains: readonly string[],
): Promise<void> {
  const { rows } = await client.query<{
    id: string | null;
    isTaken: boolean;
    isDeleted: boolean;
    domain: string | null;
  }>(
    `SELECT t.id, EXISTS (SELECT FROM public.tenants_tenant WHERE schema_name = $2)
              OR to_regnamespace(quote_ident($2)) IS NOT NULL AS "isTaken",
            EXISTS (SELECT FROM public.tenant_deletion WHERE schema_name = $1) AS "isDeleted",
            (SELECT domain FROM public.tenants_domain d WHERE domain = ANY ($3) AND d.tenant_id <> t.id LIMIT 1) AS domain
     FROM (SELECT 1) AS one LEFT JOIN public.tenants_tenant t ON t.schema_name = $1`,
    [from, to, domains],
  );
  const { id, isTaken, isDeleted, domain } = rows[0]!;
  if (id === null) throw new TenantNotFoundError(from);
  if (isDeleted)
    throw new PlainError(
      `${shortName(from)} is deleted; bring it back first: leopard tenants undelete ${shortName(from)}`,
    );
  if (isTaken) throw new TenantExistsError('schema', to);
  if (domain !== null) throw new TenantExistsError('domain', domain);
}
