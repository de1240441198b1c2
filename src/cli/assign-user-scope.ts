import { type Command, Option } from 'commander';
import { assignScope, listScopes, type ScopeChange, type UserScope } from '../auth/scope-assignment.js';
import { findTenant } from '../tenancy/tenant-list.js';
import { UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { formatTable } from './table.js';
import { withTables } from './with-tables.js';

interface AssignOptions {
  readonly tenant: string;
  readonly user?: string;
  readonly branches?: string;
  readonly regions?: string;
  readonly clearBranches?: boolean;
  readonly clearRegions?: boolean;
  readonly list?: boolean;
  readonly json?: boolean;
}

const CHANGES = ['user', 'branches', 'regions', 'clearBranches', 'clearRegions'];

/** Adds `leopard assign_user_scope`, which sets a user's branches and regions. */
export function addAssignUserScopeCommand(program: Command, context: CliContext): void {
  program
    .command('assign_user_scope')
    .description('set the branches and regions of a user, by name; or list those of all users')
    .requiredOption('--tenant <tenant>', 'short name or schema')
    .option('--user <email>', 'e-mail address or username')
    .option('--branches <names>', 'the branches, separated by commas; they replace those that the user has')
    .option('--regions <names>', 'the regions, separated by commas; they replace those that the user has')
    .option('--clear-branches', 'remove all branches')
    .option('--clear-regions', 'remove all regions')
    .addOption(new Option('--list', 'list all users with their branches and regions').conflicts(CHANGES))
    .option('--json', 'print JSON')
    .action((options: AssignOptions) => run(context, options));
}

async function run(context: CliContext, options: AssignOptions): Promise<void> {
  const change = changeOf(options);
  const { user, list } = options;
  if (!list && (user === undefined || Object.keys(change).length === 0)) {
    throw new UsageError(
      'give --user and what to change: --branches, --regions, --clear-branches or --clear-regions; or --list',
    );
  }
  await withTables(context, async ({ database }) => {
    const { schema } = await findTenant(database, options.tenant);
    const scopes =
      user === undefined
        ? await listScopes(database, schema)
        : [await assignScope(database, schema, user, change)];
    context.show(options.json, scopes.map(toJson), () => lines(scopes));
  });
}

/** Returns the change to a scope; names given together with `--clear-…` replace anyway. */
function changeOf({ branches, regions, clearBranches, clearRegions }: AssignOptions): ScopeChange {
  const newBranches = branches ?? (clearBranches ? '' : undefined);
  const newRegions = regions ?? (clearRegions ? '' : undefined);
  return {
    ...(newBranches !== undefined && { branches: newBranches }),
    ...(newRegions !== undefined && { regions: newRegions }),
  };
}

function toJson({ isActive, ...scope }: UserScope) {
  return { ...scope, is_active: isActive };
}

function lines(scopes: readonly UserScope[]): string[] {
  if (scopes.length === 0) return ['there is no user yet; create one: leopard createsuperuser'];
  return formatTable(
    ['USER', 'E-MAIL', 'GROUPS', 'BRANCHES', 'REGIONS'],
    scopes.map(({ username, isActive, email, groups, branches, regions }) => [
      isActive ? username : `${username} (inactive)`,
      email,
      groups.join(', ') || '-',
      branches.join(', ') || '-',
      regions.join(', ') || '-',
    ]),
  );
}
