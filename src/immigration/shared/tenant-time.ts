import { type Sql, sql } from '../../database/sql.js';
import type { ClockUse } from '../../tenancy/clock-use.js';
import { usableTimeZone } from '../../tenancy/time-zone.js';

/** The spans of lists and dashboards; weeks begin on Monday. */
export type Span = 'today' | 'this_week' | 'this_month';

/** A span of whole days of the tenant, as moments in UTC and as calendar dates; its end is exclusive. */
export interface Period {
  readonly from: string;
  readonly to: string;
  readonly firstDate: string;
  readonly endDate: string;
}

const SECOND = 1000;
const DAY = 86_400 * SECOND;
const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * The time at a tenant: its days, weeks and months begin when they do in its time zone, whatever the clocks do that
 * day. Where midnight comes twice, the day begins with the first; where it is skipped, at the jump.
 */
export class TenantTime {
  readonly #format: Intl.DateTimeFormat;
  /** The time zone's name, which PostgreSQL knows too. */
  readonly zone: string;
  readonly #now: Date;
  readonly #clock: ClockUse | undefined;
  #today: string | undefined;

  /**
   * @param tenant its time zone, an IANA name; one that is not read alike everywhere is replaced by UTC. `clock` takes
   * in which way the work depends on the moment
   * @param now the moment that counts as now
   */
  constructor(
    tenant: { readonly timeZone: string; readonly clock?: ClockUse | undefined },
    now = new Date(),
  ) {
    this.#now = now;
    this.#clock = tenant.clock;
    this.zone = usableTimeZone(tenant.timeZone);
    this.#format = formatOf(this.zone);
  }

  /** The moment that counts as now. */
  get now(): Date {
    this.#clock?.noteMoment();
    return this.#now;
  }

  /** The tenant's calendar date: YYYY-MM-DD. Computed on demand, since most requests do not need it. */
  get today(): string {
    if (this.#today === undefined) {
      this.#today = this.dateOf(this.#now);
      this.#clock?.noteDay(this.#today, () => new TenantTime({ timeZone: this.zone }).today);
    }
    return this.#today;
  }

  /** Returns the calendar date of a moment. */
  dateOf(moment: Date): string {
    return asDate(this.#local(moment.getTime()));
  }

  /** Returns the first moment of a calendar date, in UTC. */
  startOf(date: string): string {
    return new Date(this.#first(Date.parse(date))).toISOString();
  }

  /**
   * Returns the moment at which the clock shows this time (HH:MM:SS) on this date, in UTC; the first where it does so
   * twice.
   */
  momentOf(date: string, time: string): string {
    return new Date(this.#first(Date.parse(`${date}T${time}Z`))).toISOString();
  }

  /** Returns the period of today, this week (from Monday), or this month. */
  period(span: Span): Period {
    const [firstDate, endDate] = datesOf(span, this.today);
    return { firstDate, endDate, from: this.startOf(firstDate), to: this.startOf(endDate) };
  }

  /** Returns the moment this many days from now at the same time of day, in UTC; negative: ago. */
  daysAhead(days: number): string {
    return new Date(this.#first(this.#local(this.now.getTime()) + days * DAY)).toISOString();
  }

  /** Returns what a clock at the tenant shows, as the milliseconds that the same reading would be in UTC. */
  #local(moment: number): number {
    const part: Record<string, number> = {};
    for (const { type, value } of this.#format.formatToParts(moment)) part[type] = Number(value);
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = part;
    const milliseconds = ((moment % SECOND) + SECOND) % SECOND;
    return Date.UTC(year, month - 1, day, hour, minute, second, milliseconds);
  }

  /** Returns the first moment at which the clock shows this; where it skips it, the moment of the jump. */
  #first(local: number): number {
    const offsets = [local - DAY, local + DAY].map((near) => this.#local(near) - near);
    const earliest = local - Math.max(...offsets);
    const latest = local - Math.min(...offsets);
    for (const moment of [earliest, latest]) if (this.#local(moment) === local) return moment;
    let [before, after] = [earliest, latest];
    while (after - before > SECOND) {
      const between = before + Math.floor((after - before) / 2 / SECOND) * SECOND;
      if (this.#local(between) < local) before = between;
      else after = between;
    }
    return after - (after % SECOND);
  }
}

/**
 * Returns the condition that the moment in this column (a constant of the program: `r.created_at`) lies in the period.
 */
export function momentIn(column: string, { from, to }: Pick<Period, 'from' | 'to'>): Sql<boolean> {
  return sql`(${sql.ref(column)} >= ${from}::timestamptz AND ${sql.ref(column)} < ${to}::timestamptz)`;
}

/** Returns the same for a column that holds a calendar date: `r.date_granted`. */
export function dateIn(
  column: string,
  { firstDate, endDate }: Pick<Period, 'firstDate' | 'endDate'>,
): Sql<boolean> {
  return sql`(${sql.ref(column)} >= ${firstDate}::date AND ${sql.ref(column)} < ${endDate}::date)`;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const numeric = 'numeric' as const;
  const format = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', {
    timeZone,
    hourCycle: 'h23',
    year: numeric,
    month: numeric,
    day: numeric,
    hour: numeric,
    minute: numeric,
    second: numeric,
  });
  formats.set(timeZone, format);
  return format;
}

/** Returns the first date of a span that holds this one, and the first after it. */
function datesOf(span: Span, date: string): [string, string] {
  const day = Date.parse(date);
  if (span === 'today') return [date, asDate(day + DAY)];
  if (span === 'this_week') {
    const monday = day - ((new Date(day).getUTCDay() + 6) % 7) * DAY;
    return [asDate(monday), asDate(monday + 7 * DAY)];
  }
  const [year, month] = date.split('-').map(Number) as [number, number];
  return [asDate(Date.UTC(year, month - 1, 1)), asDate(Date.UTC(year, month, 1))];
}

function asDate(local: number): string {
  return new Date(local).toISOString().slice(0, 10);
}
