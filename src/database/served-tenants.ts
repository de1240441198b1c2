import { sql } from './sql.js';
import { TENANT_TROUBLE } from './tenant-trouble.js';

/**
 * The SQL condition that tenant `t` lives in the database of the statement. The catalogue has rows of tenants that live in
 * other cells; whatever goes over tenants to work on them leaves these out.
 */
export const TENANT_LIVES_HERE = sql<boolean>`(t.cell IS NULL)`;

/** The same for statements that may run before the migration that adds the column, as those of migrations and backups. */
export const LIVES_HERE_IF_KNOWN = "(to_jsonb(t) ->> 'cell' IS NULL)";

/** The SQL condition that tenant `t` is neither switched off nor SUSPENDED nor CANCELLED: otherwise it is answered 403. */
export const TENANT_IS_ACTIVE = sql<boolean>`(t.is_active AND t.subscription_status NOT IN ('SUSPENDED', 'CANCELLED'))`;

/**
 * The SQL condition that tenant `t` lives here and is active but its schema is not as this program needs it: it is answered 503, and
 * its work waits. Streams that are open stay open.
 */
export const TENANT_IS_OUT_OF_ORDER = sql<boolean>`(${TENANT_LIVES_HERE} AND ${TENANT_IS_ACTIVE} AND (${TENANT_TROUBLE}) IS NOT NULL)`;

/** The SQL condition that nobody holds the background work of tenant `t`, as a move does for a short time. */
const TENANT_WORK_GOES_ON = sql<boolean>`(t.work_held_until IS NULL OR t.work_held_until <= clock_timestamp())`;

/**
 * The SQL condition that tenant `t` is served from this database: its requests are answered, and its events, deliveries and
 * jobs are done, unless somebody holds these.
 */
export const TENANT_IS_SERVED = sql<boolean>`(${TENANT_LIVES_HERE} AND ${TENANT_IS_ACTIVE} AND ${TENANT_WORK_GOES_ON} AND (${TENANT_TROUBLE}) IS NULL)`;
