import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { invalid, invalidField } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { ALERT_DAYS_KEY, alertDaysIn } from '../../tenancy/deadline-alerts.js';
import { secondFactorIn } from '../../tenancy/second-factor-setting.js';
import { sessionsIn } from '../../tenancy/session-setting.js';
import { timeZoneNamed } from '../../tenancy/time-zone.js';
import type { AgencySettingsChange, AgencySettingsOutput } from './schemas.js';
import { emailOf, holdSettings, objectIn, readSettings, type StoredSettings } from './selectors.js';
import { addressIn, maySendFrom } from './sender.js';

/** The platform's settings that limit an agency's. */
export interface Platform {
  readonly baseDomain: string;
  /** The sender of e-mails of agencies without their own. */
  readonly from: string;
  /** Whether pages of an origin may use the API. */
  readonly allows: (origin: string) => boolean;
}

/**
 * Changes the given settings of the agency; alerts, e-mail and branding are changed field by field too. Running
 * programs are notified, so the change takes effect at once.
 * @throws HttpError 400
 */
export async function changeSettings(
  transaction: TenantTransaction,
  body: LateInput<AgencySettingsChange>,
  platform: Platform,
): Promise<Pending<AgencySettingsOutput>> {
  const stored = await holdSettings(transaction);
  const {
    time_zone,
    contact_email,
    contact_phone,
    deadline_alerts,
    email,
    second_factor,
    sessions,
    front_end,
    branding,
  } = body.read();
  const changes = {
    ...(time_zone !== undefined && { time_zone: await knownTimeZone(transaction, time_zone) }),
    ...(contact_email !== undefined && { contact_email: contact_email || null }),
    ...(contact_phone !== undefined && { contact_phone: contact_phone || null }),
    ...(deadline_alerts && {
      [ALERT_DAYS_KEY]: alertDaysIn({ ...alertDaysIn(stored.deadline_alert_days), ...deadline_alerts }),
    }),
    ...(email && { email: changedEmail(stored, email, platform) }),
    ...(sessions && { sessions: { ...sessionsIn(stored.sessions), ...sessions } }),
    ...(second_factor && { second_factor: { ...secondFactorIn(stored.second_factor), ...second_factor } }),
    ...(front_end !== undefined && { front_end: allowedOrigin(front_end, platform) }),
    ...(branding && { branding: withoutEmpty({ ...objectIn(stored.branding), ...branding }) }),
  };
  if (Object.keys(changes).length > 0) {
    transaction.send(sql`SELECT change_agency_settings(${JSON.stringify(changes)}::jsonb)`);
  }
  return readSettings(transaction);
}

/** Returns the canonical spelling of a name. @throws HttpError 400 if the program or the database does not know it */
async function knownTimeZone(transaction: TenantTransaction, name: string): Promise<string> {
  const zone = timeZoneNamed(name);
  const known = await transaction.query(sql`SELECT FROM pg_timezone_names WHERE name = ${zone}`);
  if (zone !== null && known.length > 0) return zone;
  throw invalidField(
    'time_zone',
    `${JSON.stringify(name)} is no time zone; use an IANA name such as Asia/Kathmandu`,
  );
}

/** Returns the origin of an address, null for none. @throws HttpError 400 for one whose pages may not use the API */
function allowedOrigin(address: string | null, { allows }: Platform): string | null {
  if (!address) return null;
  const { origin, href } = new URL(address);
  if (href !== `${origin}/`)
    throw invalidField('front_end', 'Must be an origin such as https://crm.example.');
  if (allows(origin)) return origin;
  throw invalidField('front_end', `Pages of ${origin} may not use the API. Ask the operators to allow it.`);
}

type EmailChange = NonNullable<AgencySettingsChange['email']>;

/** Applies a change of the e-mail settings. @throws HttpError 400 for an invalid sender, or somebody else's */
function changedEmail(stored: StoredSettings, change: EmailChange, platform: Platform) {
  const before = emailOf(stored.email);
  if (change.from && change.from !== before.from) checkSender(change.from, stored.domains ?? [], platform);
  const { from, ...rest } = { ...objectIn(stored.email), ...before, ...change };
  return { ...rest, notifications: [...new Set(rest.notifications)], ...(from && { from }) };
}

function checkSender(sender: string, domains: readonly string[], platform: Platform): void {
  const address = addressIn(sender);
  const wrong = (message: string) => invalid({ email: { from: [message] } });
  if (address === null) throw wrong('Must look like Name <name@example.com> or name@example.com.');
  if (address.toLowerCase() === addressIn(platform.from)?.toLowerCase()) return;
  const domain = address.slice(address.lastIndexOf('@') + 1);
  if (maySendFrom(domain, domains, platform.baseDomain)) return;
  throw wrong(`The agency has no domain ${domain}. Ask the operators to add it.`);
}

function withoutEmpty(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== ''));
}
