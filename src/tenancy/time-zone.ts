import { TIME_ZONE_NAMES } from './time-zone-names.js';

/** An expression for the time zone that a tenant, a row `t`, has set, whatever it is; UTC where it has set none. */
export const TIME_ZONE_OF_TENANT = `coalesce(t.settings ->> 'time_zone', 'UTC')`;

/** The time zone used when the setting is not a valid one. */
const FALLBACK = 'UTC';

const names = new Map(
  TIME_ZONE_NAMES.trim()
    .split(/\s+/)
    .map((name) => [name.toLowerCase(), name]),
);
const known = new Map<string, boolean>();

/**
 * The name as it is spelled of a time zone that PostgreSQL and Node.js read alike; null for anything else: names that
 * they read differently (IST), offsets, what is no text.
 * @example timeZoneNamed('asia/kathmandu') // 'Asia/Kathmandu'
 */
export function timeZoneNamed(text: unknown): string | null {
  const name = typeof text === 'string' ? names.get(text.toLowerCase()) : undefined;
  return name !== undefined && nodeKnows(name) ? name : null;
}

/** Tells whether this names a time zone that PostgreSQL and Node.js read alike. */
export function isTimeZone(text: unknown): boolean {
  return timeZoneNamed(text) !== null;
}

/** The time zone that counts for a tenant with this setting: itself, or UTC where it is none. */
export function usableTimeZone(setting: unknown): string {
  return timeZoneNamed(setting) ?? FALLBACK;
}

/** An older Node.js may lack the youngest names. */
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
