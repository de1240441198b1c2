/** The days relative to a deadline on which a tenant's staff is notified; each list ascending. */
export interface AlertDays {
  /** Days before it; 0: on the day itself. */
  readonly before: readonly number[];
  /** Days after it, while it is overdue. */
  readonly after: readonly number[];
}

/** The key in a tenant's settings: `{"before": [90, 30], "after": [1]}`. */
export const ALERT_DAYS_KEY = 'deadline_alert_days';
/** The default of tenants without a setting. */
const USUAL_ALERT_DAYS: AlertDays = { before: [1, 7, 14, 30, 90], after: [1, 7] };
/** Maximum number of days: ten years. */
export const FURTHEST_ALERT = 3650;
export const MOST_ALERTS = 20;

/** Returns the days in a tenant's setting. A missing or invalid list counts as the default. */
export function alertDaysIn(setting: unknown): AlertDays {
  const { before, after } = (setting ?? {}) as { before?: unknown; after?: unknown };
  return {
    before: daysIn(before, 0) ?? USUAL_ALERT_DAYS.before,
    after: daysIn(after, 1) ?? USUAL_ALERT_DAYS.after,
  };
}

/** Returns the days ascending and without duplicates; undefined for what is no list of days. */
function daysIn(list: unknown, least: number): number[] | undefined {
  return isDays(list, least) ? [...new Set(list)].sort((a, b) => a - b) : undefined;
}

/** Returns whether this is a list of whole days from `least` up, within the limits on days and on their number. */
export function isDays(list: unknown, least: number): list is readonly number[] {
  if (!Array.isArray(list) || list.length > MOST_ALERTS) return false;
  return list.every((day) => Number.isInteger(day) && day >= least && day <= FURTHEST_ALERT);
}
