import { Type } from '@sinclair/typebox';
import type { CurrentUser } from '../../auth/current-user.js';
import { type Sql, sql } from '../../database/sql.js';
import { invalidField } from '../../http/errors.js';
import type { UserRequest } from '../../routing/route.js';
import { checkDateOrder } from '../shared/date-order.js';
import { startOfDay } from '../shared/moment-range.js';
import { TenantTime } from '../shared/tenant-time.js';

/** Whole days in the tenant's time zone, both ends included; null does not restrict. */
export interface ReportPeriod {
  readonly firstDate: string | null;
  readonly lastDate: string | null;
  /** The moments at which the first date begins and the last one ends, in UTC. */
  readonly from: string | null;
  readonly end: string | null;
}

/** The user and the filters of a request for a report. */
export interface ReportQuery {
  readonly user: CurrentUser;
  readonly now: string;
  /** The name of the tenant's time zone. */
  readonly zone: string;
  readonly period: ReportPeriod;
  /** The id of a branch; an unknown one has no figures. */
  readonly branch: number | null;
  readonly format: Format;
}

const FORMATS = ['json', 'csv'] as const;
type Format = (typeof FORMATS)[number];

/** The query parameters of every report, for the documentation. */
export const parameters = {
  from: Type.String({ format: 'date', description: "the first day, in the agency's time zone" }),
  to: Type.String({ format: 'date', description: 'the last day, which belongs to the period' }),
  branch: Type.Integer({ description: 'only figures of this branch' }),
  format: Type.String({ enum: [...FORMATS], default: 'json' }),
  bom: Type.Boolean({ description: 'begins the CSV file with a byte order mark, as Excel wants it' }),
};

/** Parses the parameters of a request. @throws HttpError 400 naming the wrong one */
export function readReportQuery({ query, user, tenant }: UserRequest): ReportQuery {
  const [from, to] = [query.date('from'), query.date('to')];
  checkDateOrder({ from, to }, 'from', 'to');
  const time = new TenantTime(tenant);
  return {
    user,
    get now() {
      return time.now.toISOString();
    },
    zone: time.zone,
    period: {
      firstDate: from ?? null,
      lastDate: to ?? null,
      from: from === undefined ? null : startOfDay(time, from),
      end: to === undefined ? null : startOfDay(time, to, 1),
    },
    branch: query.integer('branch') ?? null,
    format: readFormat(query.text('format')),
  };
}

function readFormat(given = 'json'): Format {
  const format = FORMATS.find((known) => known === given.toLowerCase());
  if (!format) throw invalidField('format', `Must be one of ${FORMATS.join(', ')}.`);
  return format;
}

/** Returns the condition that the moment in this column (a constant of the program) lies in the period. */
export function momentCounts(column: string, { from, end }: ReportPeriod): Sql<boolean> {
  const [since, until] = [
    from === null ? sql`true` : sql`${sql.ref(column)} >= ${from}::timestamptz`,
    end === null ? sql`true` : sql`${sql.ref(column)} < ${end}::timestamptz`,
  ];
  return sql`(${since} AND ${until})`;
}

/**
 * Returns the condition that the calendar date in this column lies in the period; a missing date does not, but counts
 * where no period is given.
 */
export function dateCounts(column: string, { firstDate, lastDate }: ReportPeriod): Sql<boolean> {
  const [since, until] = [
    firstDate === null ? sql`true` : sql`${sql.ref(column)} >= ${firstDate}::date`,
    lastDate === null ? sql`true` : sql`${sql.ref(column)} <= ${lastDate}::date`,
  ];
  return sql`(${since} AND ${until})`;
}
