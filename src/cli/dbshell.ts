import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import type { ConnectionSettings } from '../config.js';
import { findTenant } from '../tenancy/tenant-list.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { ownerSettings } from './owner-settings.js';
import { withTables } from './with-tables.js';

interface DbShellOptions {
  readonly tenant?: string;
  readonly owner?: boolean;
}

/** `leopard dbshell`: psql on the program's database. */
export function registerDbShell(program: Command, context: CliContext): void {
  program
    .command('dbshell')
    .description('open psql on the database; arguments for psql follow --')
    .argument('[psql-arguments...]')
    .option('--tenant <tenant>', "with this tenant's role and tables")
    .option('--owner', "as the tables' owner, who may change everything")
    .action((psqlArguments: string[], options: DbShellOptions) => dbShell(context, psqlArguments, options));
}

async function dbShell(
  context: CliContext,
  psqlArguments: readonly string[],
  options: DbShellOptions,
): Promise<void> {
  const exitCode = await withTables(
    context,
    async ({ database, handle }) => {
      const settings = options.owner ? ownerSettings(handle) : handle.app;
      const schema = options.tenant && (await findTenant(database, options.tenant)).schema;
      return await runPsql(psqlArguments, {
        ...context.environment,
        ...connectionVariables(settings),
        ...(schema && { PGOPTIONS: `-c role=${schema} -c search_path=${schema}` }),
      });
    },
    { keepsInterrupt: true },
  );
  if (exitCode !== 0) throw new CliError(`psql ended with ${exitCode}`, exitCode);
}

/** In the environment, since no other user can read it; a list of processes shows arguments. */
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
