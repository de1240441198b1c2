import { Type } from '@sinclair/typebox';
import type { CurrentUser } from '../../auth/current-user.js';
import { type RawBuilder, sql } from '../../database/queries.js';
import { invalidField } from '../../http/errors.js';
import type { UserRequest } from '../../routing/route.js';
import { checkDateOrder } from '../shared/date-order.js';
import { startOfDay } from '../shared/moment-range.js';
import { TenantTime } from '../shared/tenant-time.js';

/** Whole days at the tenant, the last one with them; what is not given does not limit. */
export interface ReportPeriod {
  readonly firstDate: string | null;
  readonly lastDate: string | null;
  /** The moment at which the first date begins, and the one at which the last has ended, in UTC. */
  readonly from: string | null;
  readonly end: string | null;
}

/** Whose figures are asked for, and of when. */
export interface ReportQuery {
  readonly user: CurrentUser;
  readonly now: string;
  /** The name of the tenant's time zone. */
  readonly zone: string;
  readonly period: ReportPeriod;
  /** The id of a branch; one that there is not has no figures. */
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

/** Reads what a request asks for. @throws HttpError 400 naming the parameter that is wrong */
export function readReportQuery({ query, user, tenant }: UserRequest): ReportQuery {
  const [from, to] = [query.date('from'), query.date('to')];
  checkDateOrder({ from, to }, 'from', 'to');
  const time = new TenantTime(tenant);
  return {
    user,
    now: time.now.toISOString(),
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

/** The condition that the moment in this column (a constant of the program) lies in the period. */
export function momentCounts(column: string, { from, end }: ReportPeriod): RawBuilder<boolean> {
  const [since, until] = [
    from === null ? sql`true` : sql`${sql.ref(column)} >= ${from}::timestamptz`,
    end === null ? sql`true` : sql`${sql.ref(column)} < ${end}::timestamptz`,
  ];
  return sql`(${since} AND ${until})`;
}

/** The same for a column that holds a calendar date; no date lies in no period, but counts where none is asked for. */
export function dateCounts(column: string, { firstDate, lastDate }: ReportPeriod): RawBuilder<boolean> {
  const [since, until] = [
    firstDate === null ? sql`true` : sql`${sql.ref(column)} >= ${firstDate}::date`,
    lastDate === null ? sql`true` : sql`${sql.ref(column)} <= ${lastDate}::date`,
  ];
  return sql`(${since} AND ${until})`;
}
