import type { StorableAccount } from '../auth/new-account.js';
import { securityRecord } from '../auth/security-log.js';
import { superuserCreated, superuserInsert } from '../auth/superusers.js';
import { type CatalogueCountry, readCatalogue } from '../catalogues/catalogue.js';
import { type Added, addCatalogue, type RunAll } from '../catalogues/load.js';
import type { Config } from '../config/config.js';
import { cellNamed } from '../database/cells.js';
import type { OwnerClient } from '../database/owner.js';
import { PlainError } from '../platform/plain-error.js';

import { storedDomain } from '../tenancy/domain.js';
import {
  type CreatedTenant,
  checkNewTenant,
  type NewTenant,
  type SubscriptionStatus,
  TenantExistsError,
  TenantNotFoundError,
} from '../tenancy/new-tenant.js';
import { checkShortName, LONGEST_NAME } from '../tenancy/tenant-name.js';
import { setTimeZoneOn } from '../tenancy/time-zone-setting.js';
import { homeIn, type MadeNotes, makeIn, placeIn, removeMade, unplace } from './made-in-cell.js';
import type { Operation } from './operations/operation.js';
import { type RunOptions, runOperation } from './operations/run.js';
import type { HomeSurroundings } from './tenant-home.js';
import { createTenantSchemaOn, dropTenantSchema } from './tenant-schema.js';

/** The input of an operator for a new tenant. */
export interface CreateTenantInput {
  /** The short name: the schema is `tenant_` and this. */
  readonly tenant: string;
  readonly name: string;
  /** Domains in addition to the tenant's own two. */
  readonly domains?: readonly string[];
  /** The first user: superuser and staff, in no group. */
  readonly admin?: StorableAccount;
  /** TRIAL when not given. */
  readonly status?: SubscriptionStatus;
  /** Maximum number of active users; 50 when not given. */
  readonly maxUsers?: number;
  /** An IANA name; UTC when not given. */
  readonly timeZone?: string;
  /** The country whose starter catalogue it begins with; none when not given. */
  readonly catalogue?: CatalogueCountry;
  /** The cell in which it lives, as people name it; `main`, the catalogue's own database, when not given. */
  readonly cell?: string;
}

/** The created tenant. */
export interface CreateTenantResult extends CreatedTenant {
  /** Number of records from the starter catalogue; null without one. */
  readonly added: Added | null;
}

/** The settings of which a tenant's own domains are made. */
export type Hosts = Pick<Config, 'appSubdomain' | 'baseDomain'>;

/**
 * Returns the domains that every tenant gets, the primary one first: that of the front end, and the tenant's own. A
 * host name cannot contain an underscore, so it becomes a hyphen.
 * @example ownDomains('acme', settings) // ['acme-immigrate.localhost', 'acme.localhost']
 */
export function ownDomains(tenant: string, { appSubdomain, baseDomain }: Hosts): [string, string] {
  const label = tenant.replaceAll('_', '-');
  return [`${label}-${appSubdomain}.${baseDomain}`, `${label}.${baseDomain}`];
}

/** Maximum length of a host name's label. */
const LONGEST_LABEL = 63;

/** Checks that a name can be part of host names, not only of a schema's name. @throws PlainError */
export function checkHostLabels(tenant: string, { appSubdomain }: Hosts): void {
  const longest = Math.min(LONGEST_NAME, LONGEST_LABEL - appSubdomain.length - 1);
  if (tenant.length > longest) {
    throw new PlainError(
      `${JSON.stringify(tenant)} is too long for a tenant's name: ${longest} characters at most, so that its host name <name>-${appSubdomain} has ${LONGEST_LABEL} at most`,
    );
  }
  if (tenant.endsWith('_')) {
    throw new PlainError(
      `${JSON.stringify(tenant)} cannot be a tenant's name: a host name cannot end in a hyphen, which _ becomes`,
    );
  }
}

/** The parameters of creating a tenant, checked: what is stored of the operator's input. */
interface CreateParameters {
  readonly tenant: NewTenant;
  readonly admin?: StorableAccount;
  readonly timeZone?: string;
  readonly catalogue?: CatalogueCountry;
  /** The further cell in which it lives; that of the catalogue when not given. */
  readonly cell?: string;
}

interface CreateNotes extends CreateTenantResult, MadeNotes {}

/** Creating a tenant, with its domains, first user, time zone and starter catalogue. */
export const createOperation: Operation<CreateParameters, CreateNotes, HomeSurroundings> = {
  kind: 'create',
  secrets: ['admin'],
  steps: [
    {
      name: 'schema',
      label: 'creating the schema',
      async run(work) {
        if (work.notes.id !== undefined) return;
        const { tenant, admin, timeZone, catalogue, cell = null } = work.parameters;
        const wanted = catalogue && (await readCatalogue(catalogue));
        let added: Added | null = null;
        const fill = async (client: OwnerClient) => {
          if (timeZone !== undefined) await setTimeZoneOn(client, tenant.schema, timeZone);
          const adminId = admin ? await insertAdmin(client, admin) : null;
          if (wanted) added = await addCatalogue((statements) => inTurn(client, statements), wanted, adminId);
        };
        await makeIn(work, { schema: tenant.schema, cell }, async (client, { appUser }, id) => {
          const created = await createTenantSchemaOn(client, appUser, tenant, { fill, id });
          return { ...created, added };
        });
      },
      async undo({ notes, parameters, surroundings }) {
        const { tenant, cell } = parameters;
        if (cell !== undefined && notes.reservedId !== undefined)
          await removeMade(homeIn(surroundings.handle, cell), tenant.schema, notes.reservedId);
        if (cell !== undefined || notes.schema === undefined) return;
        await dropTenantSchema(surroundings.owner, notes.schema).catch((error) => {
          if (!(error instanceof TenantNotFoundError)) throw error;
        });
      },
    },
    {
      name: 'place',
      label: 'naming it in the catalogue',
      run: async (work) => placeIn(work, work.schemas[0]!, work.parameters.cell ?? null),
      undo: async (work) => unplace(work, work.parameters.cell ?? null),
    },
  ],
};

/**
 * Creates a tenant with its domains, first user, time zone and starter catalogue. Killed at any point, it is carried on
 * when it is called with the same input again.
 * @throws TenantExistsError, InvalidTenantError, UnknownCellError, PlainError about the name, the time zone or the catalogue; nothing is
 * left behind then. OperationInTheWayError, OperationHeldError
 */
export async function createTenant(
  surroundings: HomeSurroundings,
  hosts: Hosts,
  input: CreateTenantInput,
  options?: RunOptions,
): Promise<CreateTenantResult> {
  const { name, domains = [], admin, status = 'TRIAL', maxUsers, timeZone, catalogue } = input;
  const cell = input.cell === undefined ? null : cellNamed(input.cell);
  homeIn(surroundings.handle, cell);
  const short = checkShortName(input.tenant);
  checkHostLabels(short, hosts);
  const schema = `tenant_${short}`;
  const [primary, ...others] = ownDomains(short, hosts);
  const further = new Set([...others, ...domains].map(storedDomain));
  further.delete(primary);
  const tenant = checkNewTenant({
    schema,
    name,
    status,
    ...(maxUsers !== undefined && { maxUsers }),
    domains: [
      { domain: primary, isPrimary: true },
      ...[...further].map((domain) => ({ domain, isPrimary: false })),
    ],
  });
  const parameters: CreateParameters = {
    tenant,
    ...(admin && { admin }),
    ...(timeZone !== undefined && { timeZone }),
    ...(catalogue && { catalogue }),
    ...(cell !== null && { cell }),
  };
  // Before it holds the name, which would refuse somebody who is removing the tenant that has it.
  const check = async (client: OwnerClient) => {
    const { rowCount } = await client.query('SELECT FROM public.tenants_tenant WHERE schema_name = $1', [
      schema,
    ]);
    if (rowCount) throw new TenantExistsError('schema', schema);
  };
  const request = { schemas: [schema] as const, parameters, check };
  const notes = await runOperation(createOperation, surroundings, request, options);
  const { id, schema: created, name: stored, domains: given, added } = notes as CreateTenantResult;
  return { id, schema: created, name: stored, domains: given, added };
}

async function insertAdmin(client: OwnerClient, admin: StorableAccount): Promise<number> {
  const { sql, parameters } = superuserInsert(admin);
  const { rows } = await client.query<{ id: string }>(sql, [...parameters]);
  const id = Number(rows[0]!.id);
  const event = securityRecord(superuserCreated(id, admin));
  await client.query(event.sql, [...event.parameters]);
  return id;
}

async function inTurn(client: OwnerClient, statements: Parameters<RunAll>[0]) {
  const results = [];
  for (const { sql, parameters } of statements) {
    results.push((await client.query<{ added: number }>(sql, [...parameters])).rows);
  }
  return results;
}
