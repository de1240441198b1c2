import { once } from 'node:events';
import { start as startRepl } from 'node:repl';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { Database } from '../database/database.js';
import { sql } from '../database/sql.js';
import { type Statement, statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { schemaOf } from '../tenancy/tenant-name.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { withTables } from './with-tables.js';

const GREETING = `Leopard's console. There are:
  tenant('main')            one tenant: await tenant('main').query('SELECT count(*) FROM immigration_client')
                            several statements, all or nothing: await tenant('main').transaction(async (t) => …)
                            in a user's name: tenant('main', { userId: 1 })
  database, sql             as the program uses them; sql\`…\` takes values as \${value}
Leave with .exit`;

/** A tenant at the console. Everything runs in a tenant transaction, so no other tenant can be reached. */
export interface ConsoleTenant {
  /** Runs one statement and returns its rows: SQL text and its values, or sql`…`. */
  query(query: string | Statement, ...values: unknown[]): Promise<unknown[]>;
  transaction<T>(work: (transaction: TenantTransaction) => Promise<T>): Promise<T>;
}

/** Adds `leopard shell`: a JavaScript console with the tenants at hand. */
export function addShellCommand(program: Command, context: CliContext): void {
  program
    .command('shell')
    .description('open a JavaScript console with tenant(…), database and sql; runs what is piped into it')
    .option('-c, --command <code>', 'run this instead')
    .action(({ command }: { command?: string }) =>
      withTables(context, async ({ database }) => {
        const scope = { tenant: consoleTenant(database), database, sql };
        if (command !== undefined) await runScript(command, scope);
        else if (context.isInteractive) await runConsole(context, scope);
        else await runScript(await text(process.stdin), scope);
      }),
    );
}

type Scope = Readonly<Record<string, unknown>>;

async function runConsole(context: CliContext, scope: Scope): Promise<void> {
  context.print(GREETING);
  const console = startRepl({ prompt: 'leopard> ' });
  Object.assign(console.context, scope);
  await once(console, 'exit');
}

/** Runs the text as one script, so that each statement waits for the one before and the first error ends it. */
async function runScript(code: string, scope: Scope): Promise<void> {
  const AsyncFunction = (async () => undefined).constructor as FunctionConstructor;
  try {
    await new AsyncFunction(...Object.keys(scope), code)(...Object.values(scope));
  } catch (error) {
    throw new CliError(`the script failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Returns the object that is `tenant` at the console. */
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
