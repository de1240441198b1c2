import type { Random } from './random.js';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

const OPENS = 9;
const OPEN_HOURS = 8.5;
const SATURDAY = 6;
const SUNDAY = 0;

/** The times of events in an agency: office hours in its own time zone. Times are milliseconds since 1970. */
export class OfficeCalendar {
  constructor(
    readonly now: number,
    private readonly random: Random,
    private readonly utcOffsetHours: number,
  ) {}

  /**
   * Returns a moment of office hours on the day of `time`, or on the Monday after a weekend; not after now.
   * @param earliest what it must not be before
   */
  officeHours(time: number, earliest = 0): number {
    const moment = this.#openMoment(time);
    const past = moment < this.now ? moment : this.now - this.random.integer(1, 90) * 60_000;
    return Math.max(past, earliest);
  }

  /**
   * Returns a moment of office hours this many days from now, or ago where negative: for appointments and due dates.
   */
  inDays(days: number): number {
    return this.#openMoment(this.now + days * DAY);
  }

  #openMoment(time: number): number {
    const offset = this.utcOffsetHours * HOUR;
    let midnight = Math.floor((time + offset) / DAY) * DAY;
    const weekday = new Date(midnight).getUTCDay();
    if (weekday === SATURDAY) midnight += 2 * DAY;
    if (weekday === SUNDAY) midnight += DAY;
    const minutes = this.random.integer(0, OPEN_HOURS * 60);
    return midnight + OPENS * HOUR + minutes * 60_000 + this.random.integer(0, 59_999) - offset;
  }
}

export function timestamp(time: number): string {
  return new Date(time).toISOString();
}

export function date(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
