import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Database } from '../database/database.js';
import { sql } from '../database/sql.js';
import { isEmail } from '../http/fields/e-mail.js';
import { MOST_USERS, SUBSCRIPTION_STATUSES, type SubscriptionStatus } from '../tenancy/new-tenant.js';
import { changeTenant, type TenantChanges } from '../tenancy/tenant-changes.js';
import { findTenant } from '../tenancy/tenant-list.js';
import { schemaOf, shortName } from '../tenancy/tenant-name.js';
import { UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { copyToItsCell } from './copy-to-cell.js';
import { parseId } from './id-argument.js';
import { ownerSettings } from './owner-settings.js';
import { tenantLines, tenantToJson } from './shown-tenant.js';
import { withTables } from './with-tables.js';

interface ShowOptions {
  readonly json?: boolean;
}

interface SetOptions extends ShowOptions {
  readonly name?: string;
  readonly status?: SubscriptionStatus;
  readonly maxUsers?: number;
  /** Empty for none; commander turns that into null. */
  readonly contactEmail?: string;
  readonly contactPhone?: string;
}

/** Adds the command that suspends a tenant and keeps its data. */
export function addSuspendCommand(command: Command, context: CliContext): void {
  addTenant(command)
    .description('suspend a tenant at once, and keep its data')
    .action((tenant: string, options: ShowOptions) =>
      change(context, tenant, { status: 'SUSPENDED' }, options, 'is suspended'),
    );
}

/** Adds the command that reactivates a tenant, or ends its trial. */
export function addActivateCommand(command: Command, context: CliContext): void {
  addTenant(command)
    .description('reactivate a suspended or cancelled tenant, or end its trial: its status becomes ACTIVE')
    .action((tenant: string, options: ShowOptions) =>
      change(context, tenant, { status: 'ACTIVE', isActive: true }, options, 'is active'),
    );
}

/** Adds the command that changes a tenant's properties. */
export function addSetCommand(command: Command, context: CliContext): void {
  addTenant(command)
    .description('change the given properties of a tenant')
    .option('--max-users <n>', 'how many active users it may have', parseMaxUsers)
    .option('--name <name>', "the agency's name")
    .addOption(new Option('--status <status>', 'its subscription').choices(SUBSCRIPTION_STATUSES))
    .option('--contact-email <email>', 'contact e-mail address; "none" removes it', parseEmail)
    .option('--contact-phone <phone>', 'contact phone number; "none" removes it', parsePhone)
    .action((tenant: string, { json, ...given }: SetOptions) => {
      if (Object.keys(given).length === 0) {
        throw new UsageError(
          'give what to change: --max-users, --name, --status, --contact-email or --contact-phone',
        );
      }
      const changes = {
        ...given,
        ...(given.contactEmail === '' && { contactEmail: null }),
        ...(given.contactPhone === '' && { contactPhone: null }),
      };
      return change(context, tenant, changes, { ...(json && { json }) }, 'is changed');
    });
}

function addTenant(command: Command): Command {
  return command.argument('<tenant>', 'short name or schema').option('--json', 'print JSON');
}

async function change(
  context: CliContext,
  given: string,
  changes: TenantChanges,
  { json }: ShowOptions,
  done: string,
): Promise<void> {
  const schema = schemaOf(given);
  await withTables(context, async ({ database, handle }) => {
    await changeTenant(ownerSettings(handle), schema, changes);
    await copyToItsCell(context, handle, schema);
    const tenant = await findTenant(database, schema);
    context.show(json, tenantToJson(tenant), () => [
      `tenant ${shortName(schema)} ${done}`,
      ...tenantLines([tenant]),
    ]);
    if (changes.maxUsers === undefined) return;
    const active = await activeUsers(database, schema);
    if (active > tenant.maxUsers)
      context.warn(`warning: ${active} users are active; they stay, and no more can be added`);
  });
}

/** Counts active users as the API does (immigration/users/tenant-wide-rules.ts). */
async function activeUsers(database: Database, schema: string): Promise<number> {
  const [row] = await database.tenantQuery(
    { schema, userId: null },
    sql<{ active: number }>`SELECT count(*)::integer AS active FROM immigration_user WHERE is_active`,
  );
  return row?.active ?? 0;
}

const LONGEST_EMAIL = 254;
const LONGEST_PHONE = 20;

/** Parses a tenant's limit of active users. @throws InvalidArgumentError unless it is a number that can be stored */
export function parseMaxUsers(text: string): number {
  const users = parseId(text);
  if (users > MOST_USERS) throw new InvalidArgumentError(`It is ${MOST_USERS} at most.`);
  return users;
}

function parseEmail(text: string): string {
  const email = text.trim();
  if (email === 'none') return '';
  if (isEmail(email) && email.length <= LONGEST_EMAIL) return email;
  throw new InvalidArgumentError('It is not an e-mail address.');
}

function parsePhone(text: string): string {
  const phone = text.trim();
  if (phone === 'none') return '';
  if (phone !== '' && phone.length <= LONGEST_PHONE) return phone;
  throw new InvalidArgumentError(`It must be 1 to ${LONGEST_PHONE} characters.`);
}
