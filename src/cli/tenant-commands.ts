import type { Command } from 'commander';
import { handleOfTenant } from '../database/cells.js';
import type { AlertDays } from '../tenancy/deadline-alerts.js';
import { setAlertDays } from '../tenancy/deadline-alerts-setting.js';
import { schemaOf, shortName } from '../tenancy/tenant-name.js';
import { setTimeZone } from '../tenancy/time-zone-setting.js';
import type { CliContext } from './context.js';
import { addCreateTenantCommand } from './create-tenant.js';
import { parseDays } from './days-argument.js';
import { addDeregisterCommand } from './delete-tenant.js';
import { ownerSettings } from './owner-settings.js';
import { withDatabase } from './with-database.js';

/** Adds `register_tenant` and `deregister_tenant`, as operators' scripts know them; both are also under `tenants`. */
export function addTenantCommands(program: Command, context: CliContext): void {
  addCreateTenantCommand(program.command('register_tenant'), context);
  addDeregisterCommand(program.command('deregister_tenant'), context);
}

/** Adds the options and the action of setting a tenant's time zone. */
export function addSetTimeZoneCommand(command: Command, context: CliContext): void {
  command
    .description("set the time zone in which a tenant's days begin and its reminders fall due")
    .requiredOption('--tenant <tenant>', 'short name or schema')
    .requiredOption('--zone <name>', 'IANA name, such as Asia/Kathmandu')
    .action(async ({ tenant, zone }: { tenant: string; zone: string }) => {
      const schema = schemaOf(tenant);
      const set = await withDatabase(context, async (handle) =>
        setTimeZone(ownerSettings(await handleOfTenant(handle, schema)), schema, zone),
      );
      context.print(`the time zone of ${shortName(schema)} is ${set}`);
    });
}

/** Adds the options and the action of setting the days on which a tenant's staff is notified of deadlines. */
export function addSetDeadlineAlertsCommand(command: Command, context: CliContext): void {
  command
    .description(
      'set how many days before and after a deadline it is told of; what is not given stays as it is',
    )
    .requiredOption('--tenant <tenant>', 'short name or schema')
    .option('--before <days>', 'such as 90,30,14,7,1; 0 is the day itself, "none" is none', parseDays)
    .option('--after <days>', 'such as 1,7, while it is overdue', parseDays)
    .action(async ({ tenant, ...days }: { tenant: string } & Partial<AlertDays>) => {
      const schema = schemaOf(tenant);
      const set = await withDatabase(context, async (handle) =>
        setAlertDays(ownerSettings(await handleOfTenant(handle, schema)), schema, days),
      );
      context.print(`deadline alerts of ${shortName(schema)}: ${inWords(set)}`);
    });
}

function inWords({ before, after }: AlertDays): string {
  const list = (days: readonly number[]) => days.join(', ');
  const parts = [
    ...(before.length > 0 ? [`${list(before.toReversed())} days before`] : []),
    ...(after.length > 0 ? [`${list(after)} days after`] : []),
  ];
  return parts.length > 0 ? parts.join(' and ') : 'never';
}
