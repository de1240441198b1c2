import { cellLabel, handleOf } from '../database/cells.js';
import type { DatabaseHandle } from '../database/connections.js';
import { inTransaction, type OwnerClient, withOwner } from '../database/owner.js';
import { quotedList } from '../database/schema-name.js';
import { PlainError } from '../platform/plain-error.js';
import { lockTenants } from '../schema/locking.js';
import { TenantExistsError } from '../tenancy/new-tenant.js';
import { shortName } from '../tenancy/tenant-name.js';
import type { StepWork } from './operations/operation.js';
import { type HomeSurroundings, ownerOf, type TenantHome } from './tenant-home.js';
import { dropTenantSchema } from './tenant-schema.js';

// A tenant of a further cell is made there first, under an id of the catalogue and with its work held. The catalogue, which
// alone decides who is served, learns of it last: until then nobody is answered, and all of it can be removed.

/** The notes of an operation that makes a tenant in a cell. */
export interface MadeNotes {
  /** The id that the catalogue has reserved for a tenant of a further cell. */
  readonly reservedId: string;
  /** Whether the catalogue names it. */
  readonly placed: true;
}

type Work = StepWork<object, MadeNotes, HomeSurroundings>;

/**
 * Returns the database in which a new tenant is made.
 * @param cell its name in the catalogue; null for the catalogue's own database
 * @throws UnknownCellError; PlainError when the owner's connection is not given
 */
export function homeIn(handle: DatabaseHandle, cell: string | null): TenantHome {
  const home = handleOf(handle, cell);
  return { owner: ownerOf(home), appUser: home.app.user, isElsewhere: cell !== null };
}

/**
 * Makes the first tenant of an operation in one transaction of its cell, and notes the result. What a killed process has
 * left in a further cell is removed before.
 * @param make makes it, with this id where one is given; it must lock the tenant first
 * @throws PlainError when a further cell has something of that name, and what `make` throws: nothing is left then
 */
export async function makeIn<N extends MadeNotes, R extends Partial<N>>(
  work: Pick<
    StepWork<object, N, HomeSurroundings>,
    'inCatalogue' | 'note' | 'notes' | 'progress' | 'surroundings'
  >,
  { schema, cell }: { readonly schema: string; readonly cell: string | null },
  make: (client: OwnerClient, home: TenantHome, id: string | null) => Promise<R>,
): Promise<void> {
  const home = homeIn(work.surroundings.handle, cell);
  if (!home.isElsewhere) {
    await work.inCatalogue(async (client) => work.note(await make(client, home, null), client));
    return;
  }
  const id = work.notes.reservedId ?? (await reserveId(work));
  // In a transaction of the catalogue, so that nobody takes the operation over meanwhile.
  const made = await work.inCatalogue(async () => {
    await removeMade(home, schema, id);
    await checkAbsentIn(home, schema, cell);
    return await withOwner(home.owner, (client) =>
      inTransaction(client, async () => {
        const result = await make(client, home, id);
        await client.query(
          "UPDATE public.tenants_tenant SET work_held_until = 'infinity' WHERE schema_name = $1",
          [schema],
        );
        return result;
      }),
    );
  });
  work.progress({ done: 1, total: 1 });
  await work.note(made);
}

async function reserveId<N extends MadeNotes>({
  surroundings,
  note,
}: Pick<StepWork<object, N, HomeSurroundings>, 'note' | 'surroundings'>): Promise<string> {
  const { rows } = await withOwner(surroundings.owner, (client) =>
    client.query<{ id: string }>(
      "SELECT nextval(pg_get_serial_sequence('public.tenants_tenant', 'id'))::text AS id",
    ),
  );
  const reservedId = rows[0]!.id;
  await note({ reservedId } as Partial<N>);
  return reservedId;
}

/** Checks that a further cell has nothing under a new tenant's name, such as what a moved tenant has left. @throws PlainError */
export async function checkAbsentIn(home: TenantHome, schema: string, cell: string | null): Promise<void> {
  const { rows } = await withOwner(home.owner, (client) =>
    client.query<{ found: boolean }>(
      `SELECT to_regnamespace(quote_ident($1)) IS NOT NULL
         OR EXISTS (SELECT FROM public.tenants_tenant WHERE schema_name = $1) AS found`,
      [schema],
    ),
  );
  if (rows[0]!.found)
    throw new PlainError(
      `the cell ${cellLabel(cell)} has something called ${schema}, which the catalogue does not place there; take another name, or see: leopard doctor`,
    );
}

/** Removes a tenant that an operation has made in a further cell, once no transaction of a killed process makes it any more. */
export async function removeMade(home: TenantHome, schema: string, id: string): Promise<void> {
  const isThere = await withOwner(home.owner, (client) =>
    inTransaction(client, async () => {
      await lockTenants(client, schema);
      const { rowCount } = await client.query(
        'SELECT FROM public.tenants_tenant WHERE schema_name = $1 AND id = $2',
        [schema, id],
      );
      return rowCount === 1;
    }),
  );
  if (isThere) await dropTenantSchema(home.owner, schema);
}

/**
 * Names a tenant that was made in a further cell in the catalogue, and lets its work begin; does nothing for one of the
 * catalogue's own database.
 * @throws TenantExistsError when its name or a domain is another tenant's
 */
export async function placeIn(work: Work, schema: string, cell: string | null): Promise<void> {
  if (cell === null) return;
  const { owner } = homeIn(work.surroundings.handle, cell);
  if (!work.notes.placed) {
    const made = await withOwner(owner, (client) => readMade(client, schema));
    await work.inCatalogue(async (client) => {
      await addToCatalogue(client, made, cell);
      await work.note({ placed: true }, client);
    });
  }
  await withOwner(owner, async (client) => {
    await client.query('UPDATE public.tenants_tenant SET work_held_until = NULL WHERE schema_name = $1', [
      schema,
    ]);
  });
}

/** Takes the name of such a tenant out of the catalogue again. */
export async function unplace({ inCatalogue, notes }: Work, cell: string | null): Promise<void> {
  if (cell === null || notes.reservedId === undefined) return;
  await inCatalogue((client) =>
    client.query('DELETE FROM public.tenants_tenant WHERE id = $1 AND cell = $2', [notes.reservedId, cell]),
  );
}

interface MadeTenant {
  /** Its row, as JSON of PostgreSQL. */
  readonly row: string;
  readonly columns: readonly string[];
  readonly name: string;
  readonly domains: readonly { readonly domain: string; readonly isPrimary: boolean }[];
}

async function readMade(client: OwnerClient, schema: string): Promise<MadeTenant> {
  const { rows } = await client.query<MadeTenant>(
    `SELECT to_jsonb(t)::text AS row, ARRAY(SELECT jsonb_object_keys(to_jsonb(t))) AS columns, t.name,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('domain', d.domain, 'isPrimary', d.is_primary) ORDER BY d.id), '[]')
        FROM public.tenants_domain d WHERE d.tenant_id = t.id) AS domains
     FROM public.tenants_tenant t WHERE t.schema_name = $1`,
    [schema],
  );
  if (!rows[0]) throw new PlainError(`the cell has lost its row of ${shortName(schema)}`);
  return rows[0];
}

async function addToCatalogue(
  client: OwnerClient,
  { row, columns, name, domains }: MadeTenant,
  cell: string,
): Promise<void> {
  const names = await client.query('SELECT FROM public.tenants_tenant WHERE name = $1', [name]);
  if (names.rowCount) throw new TenantExistsError('name', name);
  const taken = await client.query<{ domain: string }>(
    'SELECT domain FROM public.tenants_domain WHERE domain = ANY ($1) LIMIT 1',
    [domains.map(({ domain }) => domain)],
  );
  if (taken.rows[0]) throw new TenantExistsError('domain', taken.rows[0].domain);
  const inserted = await client.query<{ id: string }>(
    `INSERT INTO public.tenants_tenant (${quotedList(columns)})
     SELECT ${quotedList(columns)} FROM jsonb_populate_record(
       NULL::public.tenants_tenant, $1::jsonb || jsonb_build_object('cell', $2::text, 'work_held_until', NULL))
     RETURNING id`,
    [row, cell],
  );
  await client.query(
    `INSERT INTO public.tenants_domain (domain, is_primary, tenant_id)
     SELECT domain, is_primary, $3 FROM unnest($1::text[], $2::boolean[]) AS d (domain, is_primary)`,
    [domains.map(({ domain }) => domain), domains.map(({ isPrimary }) => isPrimary), inserted.rows[0]!.id],
  );
}
