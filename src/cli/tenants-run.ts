import { type Command, InvalidArgumentError } from 'commander';
import { findTenant, type ListedTenant, listTenants } from '../tenancy/tenant-list.js';
import { shortName } from '../tenancy/tenant-name.js';
import { CliError, UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { runAtTenants } from './run-at-tenants.js';
import { withTables } from './with-tables.js';

interface RunOptions {
  readonly all?: boolean;
  readonly schema?: readonly string[];
  readonly parallel: number;
  readonly json?: boolean;
}

const MOST_PARALLEL = 32;

/** Adds `leopard tenants run`, which runs a command once for each tenant. */
export function addRunCommand(command: Command, context: CliContext): void {
  command
    .description(
      'run a command once for each tenant, which it finds in TENANT, TENANT_SCHEMA, TENANT_NAME and TENANT_DOMAIN',
    )
    .argument('<command...>', 'after --: the program and its arguments, such as -- sh -c \'echo "$TENANT"\'')
    .option('--all', 'for all tenants that are not deleted')
    .option('--schema <tenant...>', 'for these: short names or schemas')
    .option(
      '--parallel <n>',
      `number of commands at the same time, ${MOST_PARALLEL} at most`,
      parseParallel,
      1,
    )
    .option('--json', 'print the results as JSON; the output of the commands goes to stderr')
    .action((words: [string, ...string[]], options: RunOptions) => run(context, words, options));
}

async function run(context: CliContext, words: [string, ...string[]], options: RunOptions): Promise<void> {
  const { all = false, schema = [], parallel, json } = options;
  if (all === schema.length > 0) throw new UsageError('name the tenants: --schema TENANT, or --all');
  // The database is closed meanwhile: the commands open it as they need it.
  const tenants = await withTables(context, async ({ database }) => {
    if (all) return (await listTenants(database)).filter(({ deletedAt }) => deletedAt === null);
    const named: ListedTenant[] = [];
    for (const tenant of new Set(schema)) named.push(await findTenant(database, tenant));
    return named;
  });
  const results = await runAtTenants(tenants.map(named), words, {
    environment: context.environment,
    parallel,
    onLine(tenant, line, stream) {
      const labelled = `[${tenant}] ${line}`;
      if (stream === 'stdout' && !json) context.print(labelled);
      else context.warn(labelled);
    },
  });
  if (json) context.show(true, results, () => []);
  const failed = results.filter(({ exit_code: code }) => code !== 0);
  for (const { tenant, error } of failed) if (error !== null) context.warn(`[${tenant}] ${error}`);
  const left = tenants.length - results.length;
  const problems = [
    ...(failed.length > 0 ? [`failed for ${failed.map(({ tenant }) => tenant).join(', ')}`] : []),
    ...(left > 0 ? [`was not run for ${left} more`] : []),
  ];
  if (problems.length > 0) throw new CliError(`the command ${problems.join(' and ')}`);
}

function named({ schema, name, domains }: ListedTenant) {
  const tenant = shortName(schema);
  return {
    tenant,
    environment: {
      TENANT: tenant,
      TENANT_SCHEMA: schema,
      TENANT_NAME: name,
      TENANT_DOMAIN: domains.find(({ isPrimary }) => isPrimary)?.domain ?? '',
    },
  };
}

function parseParallel(text: string): number {
  const number = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MOST_PARALLEL) return number;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST_PARALLEL}.`);
}
