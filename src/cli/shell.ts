import { once } from 'node:events';
import { start as startRepl } from 'node:repl';
import type { Command } from 'commander';
import type { Database } from '../database/database.js';
import { queries, sql } from '../database/queries.js';
import { type Executable, statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { schemaOf } from '../tenancy/tenant-name.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { withTables } from './with-tables.js';

const GREETING = `Leopard's console. There are:
  tenant('main')            one tenant: await tenant('main').query('SELECT count(*) FROM immigration_client')
                            several statements, all or nothing: await tenant('main').transaction(async (t) => …)
                            in a user's name: tenant('main', { userId: 1 })
  database, sql, queries    as the program uses them; sql\`…\` takes values as \${value}
Leave with .exit`;

/** One tenant at the console. Everything runs in a tenant transaction, so no other tenant can be reached. */
export interface ConsoleTenant {
  /** Rows of one statement: SQL text and its values, sql`…`, or a query of `queries`. */
  query(query: string | Executable<unknown>, ...values: unknown[]): Promise<unknown[]>;
  transaction<T>(work: (transaction: TenantTransaction) => Promise<T>): Promise<T>;
}

/** `leopard shell`: a JavaScript console with the tenants at hand. */
export function registerShell(program: Command, context: CliContext): void {
  program
    .command('shell')
    .description('open a JavaScript console with tenant(…), database and sql; runs what is piped into it')
    .action(() => withTables(context, ({ database }) => runConsole(context, database)));
}

async function runConsole(context: CliContext, database: Database): Promise<void> {
  const { isInteractive } = context;
  if (isInteractive) context.print(GREETING);
  const console = startRepl({ prompt: isInteractive ? 'leopard> ' : '', terminal: isInteractive });
  Object.assign(console.context, { database, sql, queries, tenant: consoleTenant(database) });
  let failed = false;
  if (!isInteractive) {
    // Nobody reads along: an error must show in the exit code.
    const evaluate = console.eval;
    const watching: typeof evaluate = function (this: unknown, code, scope, file, done) {
      evaluate.call(console, code, scope, file, (error, result) => {
        if (error && error.name !== 'Recoverable' && !('err' in error)) failed = true;
        done(error, result);
      });
    };
    Object.defineProperty(console, 'eval', { value: watching });
  }
  await once(console, 'exit');
  if (failed) throw new CliError('a statement failed');
}

/** What `tenant` is at the console. */
export function consoleTenant(database: Database) {
  return (name: string, { userId = null }: { userId?: number | null } = {}): ConsoleTenant => {
    const context = { schema: schemaOf(name), userId };
    return {
      query: (query, ...values) =>
        database.tenantQuery(context, typeof query === 'string' ? statement(query, values) : query),
      transaction: (work) => database.tenantTransaction(context, work),
    };
  };
}
