import { sql } from '../database/sql.js';
import { TIME_ZONE_NAMES } from './time-zone-names.js';

/** SQL for the time zone in the settings of tenant `t`, valid or not; UTC if there is none. */
export const TIME_ZONE_OF_TENANT = sql<string>`coalesce(t.settings ->> 'time_zone', 'UTC')`;

/** The time zone used when the setting is not a valid one. */
const FALLBACK = 'UTC';

const names = new Map(
  TIME_ZONE_NAMES.trim()
    .split(/\s+/)
    .map((name) => [name.toLowerCase(), name]),
);
const known = new Map<string, boolean>();

/**
 * Returns the canonical spelling of a time zone that PostgreSQL and Node.js read alike; null for anything else: names
 * that they read differently (IST), offsets, values that are no text.
 * @example timeZoneNamed('asia/kathmandu') // 'Asia/Kathmandu'
 */
export function timeZoneNamed(text: unknown): string | null {
  const name = typeof text === 'string' ? names.get(text.toLowerCase()) : undefined;
  return name !== undefined && nodeKnows(name) ? name : null;
}

/** Returns whether this names a time zone that PostgreSQL and Node.js read alike. */
export function isTimeZone(text: unknown): boolean {
  return timeZoneNamed(text) !== null;
}

/** Returns the time zone to use for a tenant with this setting: itself if valid, otherwise UTC. */
export function usableTimeZone(setting: unknown): string {
  return timeZoneNamed(setting) ?? FALLBACK;
}

/** Returns whether Node.js knows a time zone; an older one may lack the newest names. */
function nodeKnows(timeZone: string): boolean {
  let isKnown = known.get(timeZone);
  if (isKnown === undefined) {
    try {
      new Intl.DateTimeFormat('en', { timeZone });
      isKnown = true;
    } catch {
      isKnown = false;
    }
    known.set(timeZone, isKnown);
  }
  return isKnown;
}
