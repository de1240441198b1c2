import { LIVES_HERE_IF_KNOWN } from '../../database/served-tenants.js';
import { listed } from '../../database/tenant-diagnosis.js';
import { isTimeZone } from '../../tenancy/time-zone.js';
import { TIME_ZONE_NAMES } from '../../tenancy/time-zone-names.js';
import { type Line, ok, type ProductionCheck, problem, warning } from '../check.js';

const HOUR_MS = 3_600_000;
const MONTH_MS = 30 * 24 * HOUR_MS;
/** The moments that are compared, in months from now: a year back, and two years ahead for reminders to come. */
const MONTHS = Array.from({ length: 19 }, (_, index) => 2 * index - 12);
const MEND = 'update Node.js and the tzdata of the database server to the same age, and restart both';

interface Row {
  readonly name: string;
  /** Minutes ahead of UTC at each of the moments, according to PostgreSQL. */
  readonly offsets: readonly number[];
}

const OFFSETS = `
  SELECT n.name, array_agg((extract(epoch FROM (m.moment AT TIME ZONE z.name) - (m.moment AT TIME ZONE 'UTC')) / 60)::integer
    ORDER BY m.place) AS offsets
  FROM unnest($1::text[]) AS n (name)
  JOIN pg_catalog.pg_timezone_names z ON lower(z.name) = lower(n.name)
  CROSS JOIN unnest($2::timestamptz[]) WITH ORDINALITY AS m (moment, place)
  GROUP BY n.name ORDER BY n.name`;

/** Checks that PostgreSQL and Node.js tell the same local time, since both compute when something is due. */
export const timeZonesCheck: ProductionCheck = {
  name: 'time zones',
  async ask(client, { now = Date.now }) {
    const names = TIME_ZONE_NAMES.trim().split(/\s+/).filter(isTimeZone);
    // Whole hours, since the local times are compared by the minute.
    const hour = now() - (now() % HOUR_MS);
    const moments = MONTHS.map((months) => new Date(hour + months * MONTH_MS));
    const { rows } = await client.query<Row>(OFFSETS, [names, moments.map((moment) => moment.toISOString())]);
    const different = rows
      .filter(({ name, offsets }) => !agrees(name, moments, offsets))
      .map(({ name }) => name);
    const { rows: used } = await client.query<{ name: string }>(
      `SELECT DISTINCT lower(settings ->> 'time_zone') AS name FROM public.tenants_tenant t
       WHERE ${LIVES_HERE_IF_KNOWN} AND jsonb_typeof(settings) = 'object' AND settings ->> 'time_zone' IS NOT NULL`,
    );
    const isUsed = new Set(used.map(({ name }) => name));
    const [ofAgencies, others] = [true, false].map((wanted) =>
      different.filter((name) => isUsed.has(name.toLowerCase()) === wanted),
    ) as [string[], string[]];
    const lines: Line[] = [];
    if (ofAgencies.length > 0)
      lines.push(
        problem(
          `PostgreSQL and Node.js read time zones of agencies differently: ${listed(ofAgencies)}`,
          MEND,
        ),
      );
    if (others.length > 0)
      lines.push(
        warning(
          `PostgreSQL and Node.js read time zones differently, which no agency uses: ${listed(others)}`,
          MEND,
        ),
      );
    const missing = names.length - rows.length;
    if (missing > 0)
      lines.push(warning(`PostgreSQL does not know ${missing} of ${names.length} time zones`, MEND));
    return lines.length > 0 ? lines : [ok(`PostgreSQL and Node.js read all ${names.length} alike`)];
  },
};

function agrees(timeZone: string, moments: readonly Date[], offsets: readonly number[]): boolean {
  const format = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  return moments.every((moment, index) => {
    const parts = Object.fromEntries(
      format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = parts;
    const local = Date.UTC(year, month - 1, day, hour, minute);
    return Math.round((local - moment.getTime()) / 60_000) === offsets[index];
  });
}
