import { LRUCache } from 'lru-cache';
import type { CellDatabases } from '../database/cell-databases.js';
import type { Notices } from '../database/cell-listeners.js';
import { CHANNELS } from '../database/channels.js';
import type { Database } from '../database/database.js';
import { NoticeCache } from '../database/notice-cache.js';
import { TENANT_IS_ACTIVE, TENANT_LIVES_HERE } from '../database/served-tenants.js';
import { sql } from '../database/sql.js';
import { IT_IS_MOVING, TENANT_TROUBLE } from '../database/tenant-trouble.js';
import type { ClockUse } from './clock-use.js';
import type { FormerName } from './former-names.js';
import { wildcardOf } from './host.js';
import {
  SECOND_FACTOR_OF_TENANT,
  type SecondFactorSetting,
  secondFactorIn,
} from './second-factor-setting.js';
import { SESSIONS_OF_TENANT, type SessionSetting, sessionsIn } from './session-setting.js';
import { TIME_ZONE_OF_TENANT, timeZoneNamed, usableTimeZone } from './time-zone.js';

/** An agency, with what a request needs to know of it. */
export interface Tenant {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  /** Whether it is neither switched off nor SUSPENDED nor CANCELLED. */
  readonly usable: boolean;
  /** The cell in which it lives; null where that is the catalogue's own database. */
  readonly cell: string | null;
  /** The reason, for operators, why it cannot be served; null if it can. */
  readonly trouble: string | null;
  readonly maxUsers: number;
  /** IANA name from the tenant's settings; UTC if they have no usable one. */
  readonly timeZone: string;
  /** Origin of the agency's front end, from its settings; null if they have none. */
  readonly frontEnd: string | null;
  /** The users whose log-ins need a second factor. */
  readonly secondFactor: SecondFactorSetting;
  /** The agency's own limits of sessions. */
  readonly sessions: SessionSetting;
  /** In seconds since 1970: a token issued earlier belongs to another tenant that had this name before. */
  readonly createdAt: number;
  /** The names that it had before, the oldest first; null if it never had another. */
  readonly formerNames?: readonly FormerName[] | null;
  /** Given where it is noted in which way a request's answer depends on the moment. */
  readonly clock?: ClockUse;
}

/** Maximum time for which an unknown host, and a tenant that cannot be served, is kept: what mends it may send no notice. */
const KEPT_FOR_MS = 5_000;
/**
 * The same for a tenant that can be served: each change of its row sends a notice, and where its schema is broken by hand,
 * its statements fail. Long enough for agencies that are asked for every few seconds.
 */
const SOUND_KEPT_FOR_MS = 60_000;
const KEPT_HOSTS = 10_000;
const REMARKED_TENANTS = 1_000;
const REMARKED_EVERY_MS = 600_000;

type TenantRow = Omit<Tenant, 'secondFactor' | 'sessions'> & {
  readonly secondFactor: unknown;
  readonly sessions: unknown;
};

type CellRow = Pick<TenantRow, 'trouble' | 'timeZone' | 'frontEnd' | 'secondFactor' | 'sessions'>;

/** What counts from the row of the database in which the tenant lives, since its own functions write it there. */
const OWN_COLUMNS = sql<Pick<TenantRow, 'timeZone' | 'frontEnd' | 'secondFactor' | 'sessions'>>`
         ${TIME_ZONE_OF_TENANT} AS "timeZone",
         t.settings ->> 'front_end' AS "frontEnd",
         ${SECOND_FACTOR_OF_TENANT} AS "secondFactor",
         ${SESSIONS_OF_TENANT} AS sessions`;

const tenantByDomain = (host: string, wildcard: string) => sql<TenantRow>`
  SELECT t.id, t.schema_name AS schema, t.name, t.cell,
         ${TENANT_IS_ACTIVE} AS usable,
         CASE WHEN ${TENANT_LIVES_HERE} THEN ${TENANT_TROUBLE} ELSE 'its cell is not configured' END AS trouble,
         t.max_users AS "maxUsers",
         ${OWN_COLUMNS},
         floor(extract(epoch FROM t.created_at))::float8 AS "createdAt",
         t.former_names AS "formerNames"
  FROM public.tenants_domain d JOIN public.tenants_tenant t ON t.id = d.tenant_id
  WHERE d.domain IN (${host}, ${wildcard})
  ORDER BY d.domain = ${host} DESC
  LIMIT 1`;

const tenantInCell = ({ schema, id }: Tenant) => sql<CellRow>`
  SELECT CASE WHEN ${TENANT_LIVES_HERE} THEN ${TENANT_TROUBLE} ELSE ${IT_IS_MOVING} END AS trouble, ${OWN_COLUMNS}
  FROM public.tenants_tenant t
  WHERE t.schema_name = ${schema} AND t.id = ${id}`;

const keptLonger = ({ trouble }: Tenant) => (trouble === null ? SOUND_KEPT_FOR_MS : undefined);

/** Returns the name that tokens carry: the schema without `tenant_`. */
export function tenantName(tenant: Tenant): string {
  return tenant.schema.slice('tenant_'.length);
}

/**
 * Finds the tenant of a host: an exact domain first, then a wildcard. Results are cached until a notice invalidates
 * them.
 */
export class Tenants {
  readonly #cache: NoticeCache<Tenant>;
  /** The tenants of further cells as their own rows say, by schema; each drops with the catalogue's row. */
  readonly #ofCells: NoticeCache<Tenant>;
  readonly #told = new LRUCache<string, true>({ max: REMARKED_TENANTS, ttl: REMARKED_EVERY_MS });

  constructor(
    private readonly database: Database,
    listener: Notices,
    /** Called, at intervals, for unusable settings in a tenant's row. */
    private readonly onRemark: (schema: string, remark: string) => void = () => undefined,
    /** The databases of further cells, if there are any. */
    private readonly cells?: CellDatabases,
  ) {
    const options = { ttl: KEPT_FOR_MS, longerTtl: keptLonger, max: KEPT_HOSTS };
    this.#cache = new NoticeCache(listener, options);
    this.#ofCells = new NoticeCache(listener, options);
    listener.on(CHANNELS.tenants, () => this.drop());
  }

  /** Finds the tenant of a host. @param host lower case, without port (see hostName) */
  async byHost(host: string): Promise<Tenant | null> {
    const tenant = await this.#cache.get('', host, async () => {
      const [tenant] = await this.database.publicQuery(tenantByDomain(host, wildcardOf(host) ?? host));
      if (!tenant) return null;
      this.cells?.note(tenant.schema, tenant.cell);
      return this.#usable(tenant);
    });
    // Whoever is shut out needs to know nothing else of the agency.
    return tenant && tenant.cell !== null && tenant.usable ? await this.#inCell(host, tenant) : tenant;
  }

  /** Reads the tenant's own row. @throws CellDownError, and the driver's errors */
  async #inCell(host: string, tenant: Tenant): Promise<Tenant> {
    const database = this.cells?.ofCell(tenant.cell as string);
    if (!database) return tenant;
    const found = await this.#ofCells.get(tenant.schema, host, async () => {
      const [row] = await database.publicQuery(tenantInCell(tenant));
      return row ? this.#usable({ ...tenant, ...row }) : { ...tenant, trouble: 'its cell has no row of it' };
    });
    return found ?? tenant;
  }

  /**
   * Drops the cached tenants after a change made by this process, which need not wait for the database's notice.
   */
  drop(): void {
    this.#cache.drop('');
    this.#ofCells.drop('');
  }

  #usable(tenant: TenantRow): Tenant {
    const { schema, timeZone } = tenant;
    if (timeZoneNamed(timeZone) === null && !this.#told.has(schema)) {
      this.#told.set(schema, true);
      this.onRemark(
        schema,
        `the time zone ${JSON.stringify(timeZone)} of ${schema} cannot be used; UTC counts`,
      );
    }
    return {
      ...tenant,
      timeZone: usableTimeZone(timeZone),
      secondFactor: secondFactorIn(tenant.secondFactor),
      sessions: sessionsIn(tenant.sessions),
    };
  }
}
