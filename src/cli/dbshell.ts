import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import { MAIN_CELL } from '../config/cell-settings.js';
import type { ConnectionSettings } from '../config/config.js';
import { cellNamed, handleOf, handleOfTenant } from '../database/cells.js';
import { isDirect } from '../database/reachability.js';
import { checkSchemaName, quoteIdentifier } from '../database/schema-name.js';
import { findTenant } from '../tenancy/tenant-list.js';
import { CliError, UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { ownerSettings } from './owner-settings.js';
import { withTables } from './with-tables.js';

interface DbShellOptions {
  readonly tenant?: string;
  readonly cell?: string;
  readonly owner?: boolean;
}

/** Adds `leopard dbshell`: psql on the program's database. */
export function addDbShellCommand(program: Command, context: CliContext): void {
  program
    .command('dbshell')
    .description('open psql on the database; arguments for psql follow --')
    .argument('[psql-arguments...]')
    .option('--tenant <tenant>', "with this tenant's role and tables")
    .option('--cell <name>', 'on the database of this further cell (LEOPARD_CELLS)')
    .option('--owner', "as the tables' owner, who may change everything")
    .action((psqlArguments: string[], options: DbShellOptions) => dbShell(context, psqlArguments, options));
}

async function dbShell(
  context: CliContext,
  psqlArguments: readonly string[],
  options: DbShellOptions,
): Promise<void> {
  if (options.tenant && options.cell)
    throw new UsageError('a tenant is found in its own cell; leave --cell out');
  const exitCode = await withTables(
    context,
    async ({ database, handle }) => {
      const schema = options.tenant && (await findTenant(database, options.tenant)).schema;
      const place = schema
        ? await handleOfTenant(handle, schema)
        : handleOf(handle, cellNamed(options.cell ?? MAIN_CELL));
      const settings = options.owner ? ownerSettings(place) : (place.direct ?? place.app);
      const environment = { ...context.environment, ...connectionVariables(settings) };
      if (!schema) return await runPsql(psqlArguments, environment);
      if (await isDirect(settings)) {
        return await runPsql(psqlArguments, {
          ...environment,
          PGOPTIONS: `-c role=${schema} -c search_path=${schema}`,
        });
      }
      return await runPsql(
        [...inOneTransaction(schema, psqlArguments, context), ...psqlArguments],
        environment,
      );
    },
    { keepsInterrupt: true },
  );
  if (exitCode !== 0) throw new CliError(`psql ended with ${exitCode}`, exitCode);
}

/** Returns whether psql's arguments give it statements or files to run. */
const hasWork = (psqlArguments: readonly string[]) =>
  psqlArguments.some((argument) => /^(-[a-zA-Z]*[cf]|--command|--file)/.test(argument));

/**
 * Returns the first arguments of psql behind a pooler. A pooler rejects PGOPTIONS and would keep a session's role for
 * others, so everything runs in one transaction, which begins by setting the tenant's role.
 * @throws CliError for an interactive session
 */
function inOneTransaction(
  schema: string,
  psqlArguments: readonly string[],
  { isInteractive }: CliContext,
): readonly string[] {
  if (isInteractive && !hasWork(psqlArguments)) {
    throw new CliError(
      'a pooler is in between, which keeps no role for a session; set DATABASE_DIRECT_URL to the server itself, or give statements, such as: -- -c "SELECT …"',
    );
  }
  const role = quoteIdentifier(checkSchemaName(schema));
  const opening = `SET LOCAL ROLE ${role}; SET LOCAL search_path TO ${role}`;
  return ['--single-transaction', '-q', '-c', opening, ...(hasWork(psqlArguments) ? [] : ['-f', '-'])];
}

/**
 * Returns the connection as environment variables, which no other user can read; a list of processes shows arguments.
 */
function connectionVariables({ host, port, database, user, password }: ConnectionSettings) {
  return { PGHOST: host, PGPORT: String(port), PGDATABASE: database, PGUSER: user, PGPASSWORD: password };
}

function runPsql(psqlArguments: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const psql = spawn('psql', psqlArguments, { stdio: 'inherit', env: environment });
    psql.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') return reject(error);
      reject(new CliError('psql is not installed; install the PostgreSQL client, or use: leopard shell'));
    });
    psql.once('close', (code) => resolve(code ?? 1));
  });
}
