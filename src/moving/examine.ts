import { cellLabel } from '../database/cells.js';
import { readMigrations } from '../database/migration-files.js';
import type { OwnerClient } from '../database/owner.js';
import { shippedCapture } from '../events/capture/capture.js';
import { captureChecksum } from '../events/capture/install.js';
import { PlainError } from '../platform/plain-error.js';
import { TenantNotFoundError } from '../tenancy/new-tenant.js';
import { shortName } from '../tenancy/tenant-name.js';
import { differences, readMovedTables } from './moved-tables.js';
import { atCell, type MoveSurroundings } from './places.js';

/** Begins the remark on a schema that a move has made or left, and may remove. */
export const REMARK = 'Leopard, a move:';
/** Stands before the time, in ISO 8601, from which a schema that a move has left may be removed. */
export const KEPT_UNTIL = 'kept until ';

const LOCKS = { none: '', update: 'FOR UPDATE' } as const;

/** Returns where a tenant lives, as the catalogue says. @throws TenantNotFoundError */
export async function cellOf(
  client: OwnerClient,
  schema: string,
  lock: keyof typeof LOCKS = 'none',
): Promise<string | null> {
  const { rows } = await client.query<{ cell: string | null }>(
    `SELECT cell FROM public.tenants_tenant WHERE schema_name = $1 ${LOCKS[lock]}`,
    [schema],
  );
  if (!rows[0]) throw new TenantNotFoundError(schema);
  return rows[0].cell;
}

/**
 * Checks that a tenant can move: it is up to date, and the other cell has room for its name and is of the same version.
 * @returns the migrations that were passed over at the tenant
 * @throws PlainError saying what stands in the way
 */
export async function examineMove(
  surroundings: MoveSurroundings,
  schema: string,
  from: string | null,
  to: string | null,
): Promise<readonly number[]> {
  const tenant = shortName(schema);
  if (from === to) throw new PlainError(`${tenant} lives in ${cellLabel(to)} already`);
  const skipped = await atCell(surroundings, from, async (client) => {
    await checkUpToDate(client, schema);
    return await readSkipped(client, schema);
  });
  await atCell(surroundings, to, async (client) => {
    await checkShared(client, cellLabel(to));
    const { rows } = await client.query<{ remark: string | null; lives: boolean }>(
      `SELECT obj_description(n.oid, 'pg_namespace') AS remark,
         EXISTS (SELECT FROM public.tenants_tenant t WHERE t.schema_name = n.nspname AND t.cell IS NULL) AS lives
       FROM pg_catalog.pg_namespace n WHERE n.nspname = $1`,
      [schema],
    );
    const [found] = rows;
    if (found && (found.lives || !found.remark?.startsWith(REMARK)))
      throw new PlainError(
        `the cell ${cellLabel(to)} has a schema ${schema} that is not of an earlier move; remove it there first`,
      );
  });
  return skipped;
}

async function checkShared(client: OwnerClient, cell: string): Promise<void> {
  const { rows } = await client.query<{ applied: number }>(
    `SELECT count(*)::integer AS applied FROM public.migration_ledger WHERE scope = 'shared'`,
  );
  if (rows[0]!.applied !== readMigrations().shared.length)
    throw new PlainError(`the cell ${cell} is not of this version of the program; run: leopard migrate`);
}

async function checkUpToDate(client: OwnerClient, schema: string): Promise<void> {
  const { rows } = await client.query<{ number: number; checksum: string; isSkipped: boolean }>(
    'SELECT number, checksum, is_skipped AS "isSkipped" FROM public.migration_ledger WHERE scope = $1 ORDER BY number',
    [schema],
  );
  const files = readMigrations().tenant;
  const same =
    rows.length === files.length &&
    rows.every(({ number, checksum, isSkipped }) => isSkipped || files[number - 1]?.checksum === checksum);
  if (!same || (await captureChecksum(client, schema)) !== shippedCapture().checksum)
    throw new PlainError(
      `${shortName(schema)} is not up to date with this version of the program; run: leopard migrate`,
    );
}

async function readSkipped(client: OwnerClient, schema: string): Promise<number[]> {
  const { rows } = await client.query<{ number: number }>(
    'SELECT number FROM public.migration_ledger WHERE scope = $1 AND is_skipped ORDER BY number',
    [schema],
  );
  return rows.map(({ number }) => number);
}

/** Checks that both ends have the same tables and columns. @throws PlainError naming those that they have not in common */
export async function checkSameTables(from: OwnerClient, to: OwnerClient, schema: string): Promise<void> {
  const [here, there] = [await readMovedTables(from, schema), await readMovedTables(to, schema)];
  const unknown = [...differences(here, there), ...differences(there, here)];
  if (unknown.length > 0)
    throw new PlainError(
      `the tables of ${schema} are not those of this version of the program: ${unknown.slice(0, 10).join(', ')}; see: leopard doctor`,
    );
}
