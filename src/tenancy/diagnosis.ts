import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.js';
import type { DatabaseHandle } from '../database/connections.js';
import { type Finding, ok, problem, type Result, warning } from '../database/finding.js';
import { type OwnerClient, withOwner } from '../database/owner.js';
import { LIVES_HERE_IF_KNOWN } from '../database/served-tenants.js';
import { listed } from '../database/tenant-diagnosis.js';
import { oneLine } from '../platform/one-line.js';
import { ALERT_DAYS_KEY, isDays } from './deadline-alerts.js';
import { canMatch } from './domain.js';
import { isAllowedHost } from './host.js';
import { SUBSCRIPTION_STATUSES } from './new-tenant.js';
import { secondFactorIn } from './second-factor-setting.js';
import { sessionsIn } from './session-setting.js';
import { isTimeZone } from './time-zone.js';

/** Checks that the tenants' rows, whoever wrote them, are usable; changes nothing. */
export async function diagnoseTenants(
  { app }: Pick<DatabaseHandle, 'app'>,
  config: Pick<Config, 'allowedHosts'>,
): Promise<Finding[]> {
  return await withOwner(app, async (client) => [
    { check: 'settings of tenants', ...(await examineSettings(client).catch(failed)) },
    { check: 'domains', ...(await examineDomains(client, config.allowedHosts).catch(failed)) },
  ]);
}

function failed({ message }: Error): Result {
  return problem(`${message}; run: leopard migrate`);
}

/** Longest text of a setting that is shown. */
const LONGEST = 200;

interface TenantRow {
  readonly schema: string;
  readonly status: string;
  readonly settings: unknown;
  /** True if the server knows the time zone, if one is set. */
  readonly serverKnows: boolean;
}

async function examineSettings(client: OwnerClient): Promise<Result> {
  const { rows } = await client.query<TenantRow>(
    `SELECT schema_name AS schema, subscription_status AS status, settings,
            settings ->> 'time_zone' IS NULL
              OR lower(settings ->> 'time_zone') IN (SELECT lower(name) FROM pg_timezone_names) AS "serverKnows"
     FROM public.tenants_tenant t WHERE ${LIVES_HERE_IF_KNOWN} ORDER BY id`,
  );
  const found = rows.flatMap((row) => problemsOf(row).map((text) => `${row.schema}: ${text}`));
  if (found.length === 0) return ok('can be used');
  return warning(
    `${listed(found)}; unusable values count as not set; set them again: leopard tenants --help, or in the agency's own settings`,
  );
}

function problemsOf({ status, settings, serverKnows }: TenantRow): string[] {
  const problems = (SUBSCRIPTION_STATUSES as readonly string[]).includes(status)
    ? []
    : [`the status ${JSON.stringify(status)} is none, and shuts nobody out`];
  if (!isObject(settings)) return [...problems, 'the settings are no object, so none of them counts'];
  const { time_zone: zone, [ALERT_DAYS_KEY]: alerts, email, front_end: frontEnd = null } = settings;
  if (zone !== undefined && !isTimeZone(zone))
    problems.push(`the time zone ${JSON.stringify(zone)} is none that can be used, so UTC counts`);
  else if (!serverKnows)
    problems.push(
      `the database server does not know the time zone ${JSON.stringify(zone)}; update its tzdata`,
    );
  if (alerts !== undefined && !areAlerts(alerts))
    problems.push(`${ALERT_DAYS_KEY} are no lists of days, so the usual ones count`);
  if (email !== undefined && !isObject(email)) problems.push('email is no object, so no e-mail is sent');
  for (const [name, read] of [
    ['second_factor', secondFactorIn],
    ['sessions', sessionsIn],
  ] as const) {
    const counted = read(settings[name]);
    if (countsWhole(settings[name] ?? {}, counted)) continue;
    problems.push(
      `${name} has values that cannot be used; ${oneLine(JSON.stringify(counted), LONGEST)} counts`,
    );
  }
  if (frontEnd !== null && !isOrigin(frontEnd))
    problems.push('front_end is no origin such as https://crm.example, so the usual one counts');
  return problems;
}

/** Returns whether a setting says nothing but what counts of it. */
function countsWhole(setting: unknown, counted: object): boolean {
  return isObject(setting) && isDeepStrictEqual({ ...counted, ...setting }, counted);
}

function isOrigin(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value.toLowerCase();
}

function areAlerts(alerts: unknown): boolean {
  if (!isObject(alerts)) return false;
  const { before, after } = alerts;
  return (before === undefined || isDays(before, 0)) && (after === undefined || isDays(after, 1));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function examineDomains(client: OwnerClient, allowedHosts: readonly string[]): Promise<Result> {
  const { rows } = await client.query<{ schema: string; domain: string | null }>(
    `SELECT t.schema_name AS schema, d.domain
     FROM public.tenants_tenant t LEFT JOIN public.tenants_domain d ON d.tenant_id = t.id ORDER BY t.id, d.id`,
  );
  const found = rows.flatMap(({ schema, domain }) => {
    if (domain === null) return [`${schema} has no domain, so no host leads to it`];
    if (!canMatch(domain)) return [`no host can match ${JSON.stringify(domain)} of ${schema}`];
    // A host below a wildcard may be admitted by name.
    if (domain.startsWith('*') || isAllowedHost(domain, allowedHosts)) return [];
    return [`ALLOWED_HOSTS does not admit ${domain} of ${schema}`];
  });
  if (found.length === 0) return ok('a host leads to every tenant');
  return warning(`${listed(found)}; see: leopard tenants domains --help`);
}
