import { sql } from '../database/sql.js';

/** An agency's own limits of sessions, which only shorten those of the platform. */
export interface SessionSetting {
  /** Hours after its log-in at which a session ends; null for the platform's limit. */
  readonly lifetime_hours: number | null;
  /** Minutes without use after which a session ends; null for the platform's limit. */
  readonly idle_minutes: number | null;
}

export const LONGEST_SESSION_HOURS = 8_784;
export const SHORTEST_IDLE_MINUTES = 5;
export const LONGEST_IDLE_MINUTES = 527_040;

/** SQL for the setting of tenant `t`, whatever it holds. */
export const SESSIONS_OF_TENANT = sql<unknown>`t.settings -> 'sessions'`;

/** Reads the setting, which may hold anything, since operators write to it too; no limits where it says nothing. */
export function sessionsIn(setting: unknown): SessionSetting {
  const { lifetime_hours, idle_minutes } = (setting ?? {}) as Record<string, unknown>;
  return {
    lifetime_hours: wholeIn(lifetime_hours, 1, LONGEST_SESSION_HOURS),
    idle_minutes: wholeIn(idle_minutes, SHORTEST_IDLE_MINUTES, LONGEST_IDLE_MINUTES),
  };
}

function wholeIn(value: unknown, min: number, max: number): number | null {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max
    ? (value as number)
    : null;
}
