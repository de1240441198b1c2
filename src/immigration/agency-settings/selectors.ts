import { type Sql, sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { alertDaysIn } from '../../tenancy/deadline-alerts.js';
import { secondFactorIn } from '../../tenancy/second-factor-setting.js';
import { sessionsIn } from '../../tenancy/session-setting.js';
import { NOTIFICATION_TYPES } from '../shared/notification-types.js';
import { type AgencySettingsOutput, BRANDING_FIELDS, type BrandingOutput } from './schemas.js';

/** An agency's row as stored. Its settings may hold anything, since operators write to them too. */
export interface StoredSettings {
  readonly name: string;
  readonly subscription_status: string;
  readonly max_users: number;
  readonly contact_email: string | null;
  readonly contact_phone: string | null;
  readonly domains: readonly string[] | null;
  readonly time_zone: unknown;
  readonly deadline_alert_days: unknown;
  readonly email: unknown;
  readonly second_factor: unknown;
  readonly sessions: unknown;
  readonly front_end: unknown;
  readonly branding: unknown;
}

interface SettingsRow {
  readonly settings: StoredSettings;
}

/** Reads the agency's settings for the answer. */
export function readSettings(transaction: TenantTransaction): Pending<AgencySettingsOutput> {
  return transaction.send(settingsQuery(false)).map(([row]) => shown(row!.settings));
}

/** Reads the agency's stored settings, and locks them until the transaction ends. */
export async function holdSettings(transaction: TenantTransaction): Promise<StoredSettings> {
  const [row] = await transaction.query(settingsQuery(true));
  return row!.settings;
}

function settingsQuery(hold: boolean): Sql<SettingsRow> {
  return sql<SettingsRow>`SELECT agency_settings(${hold}::boolean) AS settings`;
}

function shown(stored: StoredSettings): AgencySettingsOutput {
  const { before, after } = alertDaysIn(stored.deadline_alert_days);
  return {
    name: stored.name,
    subscription_status: stored.subscription_status,
    max_users: stored.max_users,
    domains: [...(stored.domains ?? [])],
    time_zone: textOr(stored.time_zone, 'UTC'),
    contact_email: stored.contact_email,
    contact_phone: stored.contact_phone,
    deadline_alerts: { before: [...before], after: [...after] },
    email: emailOf(stored.email),
    sessions: sessionsIn(stored.sessions),
    second_factor: shownSecondFactor(stored.second_factor),
    front_end: textOr(stored.front_end, null),
    branding: brandingOf(stored.branding, stored.name),
  };
}

/** Reads the e-mail settings; a missing value, or one of another type, counts as not set. */
export function emailOf(setting: unknown): AgencySettingsOutput['email'] {
  const { enabled, from, notifications } = objectIn(setting);
  const listed: unknown[] = Array.isArray(notifications) ? notifications : [];
  return {
    enabled: enabled === true,
    from: typeof from === 'string' ? from : null,
    notifications: NOTIFICATION_TYPES.filter((type) => listed.includes(type)),
  };
}

function shownSecondFactor(setting: unknown): AgencySettingsOutput['second_factor'] {
  const { policy, groups } = secondFactorIn(setting);
  return { policy, groups: [...groups] };
}

/** Reads the agency's branding. @param name the registered name, shown if there is no other */
export function brandingOf(setting: unknown, name: string): BrandingOutput {
  const given = objectIn(setting);
  const fields = BRANDING_FIELDS.map((field) => [field, textOr(given[field], null)]);
  const branding = Object.fromEntries(fields) as Record<keyof BrandingOutput, string | null>;
  return { ...branding, display_name: branding.display_name || name };
}

/** Returns an object unchanged, and an empty one for any other value. */
export function objectIn(setting: unknown): Record<string, unknown> {
  const isObject = typeof setting === 'object' && setting !== null && !Array.isArray(setting);
  return isObject ? (setting as Record<string, unknown>) : {};
}

function textOr<T>(value: unknown, otherwise: T): string | T {
  return typeof value === 'string' && value !== '' ? value : otherwise;
}
