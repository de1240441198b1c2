import { isDirect } from '../../database/reachability.js';
import { type Line, ok, type ProductionCheck, problem, warning } from '../check.js';
import { connectionsNeeded } from '../connections-needed.js';

/** Connections for commands such as migrate and doctor, beside the processes. */
const FOR_COMMANDS = 5;
/** Fraction of the possible connections from which the open ones are reported. */
const MANY = 0.8;

interface Facts {
  /** The number of connections that this role may have open at once, on this database. */
  readonly most: number;
  readonly maxConnections: number;
  readonly open: number;
  readonly listening: number;
  readonly programs: string;
}

const FACTS = `
  WITH activity AS (
    SELECT coalesce(nullif(application_name, ''), 'without a name') AS program, count(*)::integer AS number,
      count(*) FILTER (WHERE datname = current_database())::integer AS here
    FROM pg_catalog.pg_stat_activity WHERE datid IS NOT NULL GROUP BY 1)
  SELECT current_setting('max_connections')::integer AS "maxConnections",
    least(
      current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
        - coalesce(current_setting('reserved_connections', true), '0')::integer,
      (SELECT nullif(rolconnlimit, -1) FROM pg_catalog.pg_roles WHERE rolname = current_user),
      (SELECT nullif(datconnlimit, -1) FROM pg_catalog.pg_database WHERE datname = current_database())) AS most,
    (SELECT coalesce(sum(number), 0)::integer FROM activity) AS open,
    (SELECT coalesce(sum(here), 0)::integer FROM activity WHERE program = 'leopard-listener') AS listening,
    (SELECT string_agg(program || ' ' || number, ', ') FROM (
       SELECT * FROM activity ORDER BY number DESC, program LIMIT 5) first) AS programs`;

/** Checks that the server has a connection for each place in the pools of all processes. */
export const connectionsCheck: ProductionCheck = {
  name: 'connections',
  async ask(client, { config, database }) {
    const { rows } = await client.query<Facts>(FACTS);
    const { most, maxConnections, open, listening, programs } = rows[0]!;
    const needed = connectionsNeeded(config, listening);
    const isPooled = database !== null && !(await isDirect(database.app));
    const total = (isPooled ? 0 : needed.pooled) + needed.listening + FOR_COMMANDS;
    const processes = needed.groups
      .map(({ count, services }) => `${count} × ${[...services].join('+')}`)
      .join(', ');
    const lines: Line[] = [];
    if (total > most)
      lines.push(
        problem(
          `the processes (${processes}) may open ${total} connections, and the server has ${most} for them`,
          `set max_connections to ${maxConnections + total - most} or more and restart PostgreSQL (and the limits of role and database, if any), lower DB_POOL_SIZE, or put PgBouncer in between`,
        ),
      );
    if (open > MANY * maxConnections)
      lines.push(
        warning(
          `${open} of ${maxConnections} connections are open (${programs})`,
          'end what is not needed, raise max_connections, or put PgBouncer in between',
        ),
      );
    if (lines.length > 0) return lines;
    const pool = isPooled ? ', and others through the pooler' : '';
    return [ok(`${total} at most of ${most} possible (${processes}${pool}); ${open} are open now`)];
  },
};
