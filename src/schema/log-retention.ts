import type { ConnectionSettings } from '../config/config.js';
import { type Finding, ok, problem, type Result, warning } from '../database/finding.js';
import { type OwnerClient, withOwner } from '../database/owner.js';

interface RetentionSettings {
  readonly auditRetentionDays: number;
  readonly securityLog: { readonly retentionDays: number };
}

const SETTINGS = { audit: 'AUDIT_RETENTION_DAYS', security: 'SECURITY_RETENTION_DAYS' } as const;
type Log = keyof typeof SETTINGS;

function daysOf({ auditRetentionDays, securityLog }: RetentionSettings): Record<Log, number> {
  return { audit: auditRetentionDays, security: securityLog.retentionDays };
}

/**
 * Stores for how long the logs are kept, where the tenants' functions that remove old entries read it. Changes nothing
 * where that is stored already.
 */
export async function storeRetention(owner: ConnectionSettings, config: RetentionSettings): Promise<void> {
  const days = daysOf(config);
  await withOwner(owner, (client) =>
    client.query(
      `UPDATE public.log_retention r SET days = w.days, changed_at = now()
       FROM unnest($1::text[], $2::integer[]) AS w (log, days) WHERE w.log = r.log AND w.days <> r.days`,
      [Object.keys(days), Object.values(days)],
    ),
  );
}

/** Checks that the stored days are those of the settings here. @param app the program's own role */
export async function diagnoseRetention(
  app: ConnectionSettings,
  config: RetentionSettings,
): Promise<Finding> {
  const result = await withOwner(app, (client) => examine(client, config)).catch(({ message }: Error) =>
    problem(`${message}; run: leopard migrate`),
  );
  return { check: 'retention of logs', ...result };
}

async function examine(client: OwnerClient, config: RetentionSettings): Promise<Result> {
  const { rows } = await client.query<{ log: Log; days: number }>(
    'SELECT log, days FROM public.log_retention',
  );
  const days = daysOf(config);
  const other = rows.filter((row) => row.days !== days[row.log]);
  if (other.length === 0) return ok('the logs are kept for as long as the settings say');
  const inWords = (number: number) => (number === 0 ? '0 (for ever)' : String(number));
  const texts = other.map(
    ({ log, days: stored }) =>
      `${SETTINGS[log]} is ${inWords(days[log])} here, and ${inWords(stored)} in the database`,
  );
  return warning(`${texts.join('; ')}, which goes by the longer one; to store it run: leopard migrate`);
}
