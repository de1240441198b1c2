/** At which intervals a tenant's staff is told of a deadline; in days, each list ascending. */
export interface AlertDays {
  /** So many days before it; 0: on the day itself. */
  readonly before: readonly number[];
  /** So many days after it, while it is overdue. */
  readonly after: readonly number[];
}

/** The key in a tenant's settings: `{"before": [90, 30], "after": [1]}`. */
export const ALERT_DAYS_KEY = 'deadline_alert_days';
/** What a tenant gets that sets nothing. */
const USUAL_ALERT_DAYS: AlertDays = { before: [1, 7, 14, 30, 90], after: [1, 7] };
/** Ten years. */
export const FURTHEST_ALERT = 3650;
export const MOST_ALERTS = 20;

/** Returns the intervals in a tenant's setting. A list that is missing or is none of days counts as the usual one. */
export function alertDaysIn(setting: unknown): AlertDays {
  const { before, after } = (setting ?? {}) as { before?: unknown; after?: unknown };
  return {
    before: daysIn(before, 0) ?? USUAL_ALERT_DAYS.before,
    after: daysIn(after, 1) ?? USUAL_ALERT_DAYS.after,
  };
}

/** Ascending and each once; undefined for what is no list of days. */
function daysIn(list: unknown, least: number): number[] | undefined {
  return isDays(list, least) ? [...new Set(list)].sort((a, b) => a - b) : undefined;
}

/** Returns whether this is a list of whole days from `least` up, not too far and not too many. */
export function isDays(list: unknown, least: number): list is readonly number[] {
  if (!Array.isArray(list) || list.length > MOST_ALERTS) return false;
  return list.every((day) => Number.isInteger(day) && day >= least && day <= FURTHEST_ALERT);
}
