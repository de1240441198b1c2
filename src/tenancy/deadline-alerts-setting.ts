import type { ConnectionSettings } from '../config/config.js';
import { inTransaction, withOwner } from '../database/owner.js';
import { PlainError } from '../platform/plain-error.js';
import {
  ALERT_DAYS_KEY,
  type AlertDays,
  alertDaysIn,
  FURTHEST_ALERT,
  isDays,
  MOST_ALERTS,
} from './deadline-alerts.js';
import { TenantNotFoundError } from './new-tenant.js';
import { writeSetting } from './write-setting.js';

/**
 * Sets the days on which a tenant's staff is notified of deadlines; the scheduler's next run uses them.
 * @param days omitted lists stay as they are
 * @returns the days now in effect
 * @throws PlainError for invalid days, or too many; TenantNotFoundError
 */
export async function setAlertDays(
  owner: ConnectionSettings,
  schema: string,
  days: Partial<AlertDays>,
): Promise<AlertDays> {
  check('before', days.before ?? [], 0);
  check('after', days.after ?? [], 1);
  return await withOwner(owner, (client) =>
    inTransaction(client, async () => {
      const { rows } = await client.query<{ setting: unknown }>(
        'SELECT settings -> $2 AS setting FROM public.tenants_tenant WHERE schema_name = $1 FOR UPDATE',
        [schema, ALERT_DAYS_KEY],
      );
      if (rows.length === 0) throw new TenantNotFoundError(schema);
      const before = alertDaysIn(rows[0]?.setting);
      if (!days.before && !days.after) return before;
      const set = alertDaysIn({ ...before, ...days });
      await writeSetting(client, schema, ALERT_DAYS_KEY, set);
      return set;
    }),
  );
}

function check(name: string, days: readonly number[], least: number): void {
  if (isDays(days, least)) return;
  throw new PlainError(
    `--${name} takes at most ${MOST_ALERTS} numbers of days from ${least} to ${FURTHEST_ALERT}`,
  );
}
