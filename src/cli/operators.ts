import type { Command } from 'commander';
import type { Database } from '../database/database.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import {
  changeOperator,
  type ListedOperator,
  listedByName,
  listedOperators,
  MOST_LISTED,
  resetSecondFactor,
} from '../operators/administration.js';
import { auditStatement } from '../operators/audit.js';
import { OPERATOR_ROLES } from '../routing/policy.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { formatTable } from './table.js';
import { withTables } from './with-tables.js';

interface Options {
  readonly json?: boolean;
}

type Change = (transaction: TenantTransaction, operator: ListedOperator) => Promise<void> | void;

/** The name under which commands appear in the audit log. */
const COMMAND_LINE = { id: null, username: '(command line)' };

/** Adds `leopard operators list|role|deactivate|activate|reset-second-factor`: the operators of the platform. */
export function addOperatorsCommand(program: Command, context: CliContext): void {
  const operators = program
    .command('operators')
    .description("show the platform's operators, and change their roles and log-ins");
  operators
    .command('list')
    .description('list the operators with role, second factor and last log-in')
    .option('--json', 'print JSON')
    .action((options: Options) => list(context, options));
  operators
    .command('role <username> <role>')
    .description(`give an operator another role: ${OPERATOR_ROLES.join(', ')}`)
    .action((username: string, given: string) => {
      const role = OPERATOR_ROLES.find((known) => known === given);
      if (!role) throw new CliError(`${given} is no role; there are ${OPERATOR_ROLES.join(', ')}`);
      const change: Change = (transaction, operator) => changeOperator(transaction, operator, { role });
      return apply(context, username, { action: 'operators.change', parameters: { role }, change });
    });
  for (const [name, is_active, description] of [
    ['deactivate', false, "end an operator's sessions, and let it log in no more"],
    ['activate', true, 'let a deactivated operator log in again'],
  ] as const) {
    operators
      .command(`${name} <username>`)
      .description(description)
      .action((username: string) => {
        const change: Change = (transaction, operator) =>
          changeOperator(transaction, operator, { is_active });
        return apply(context, username, { action: 'operators.change', parameters: { is_active }, change });
      });
  }
  operators
    .command('reset-second-factor <username>')
    .description('remove the second factor of an operator who has lost it, and end all sessions')
    .action((username: string) => {
      const change: Change = (transaction, { id }) => resetSecondFactor(transaction, id);
      return apply(context, username, { action: 'operators.reset-second-factor', parameters: {}, change });
    });
}

async function list(context: CliContext, { json }: Options): Promise<void> {
  const found = await withTables(context, ({ database }) =>
    database.platformTransaction(async (transaction) => transaction.send(listedOperators())),
  );
  const shown = found.slice(0, MOST_LISTED);
  context.show(json, shown, () => lines(shown));
  if (found.length > MOST_LISTED) context.warn(`only the first ${MOST_LISTED} operators are listed`);
}

async function apply(
  context: CliContext,
  username: string,
  {
    action,
    parameters,
    change,
  }: { readonly action: string; readonly parameters: Record<string, unknown>; readonly change: Change },
): Promise<void> {
  const changed = await withTables(context, ({ database }: { readonly database: Database }) =>
    database.platformTransaction(async (transaction) => {
      const [operator] = await transaction.query(listedByName(username));
      if (!operator) throw new CliError(`there is no operator ${username}; see: leopard operators list`);
      await change(transaction, operator);
      const target = { kind: 'operator', id: operator.id };
      const from = { ip: '', requestId: '' };
      transaction.send(
        auditStatement({ operator: COMMAND_LINE, action, target, parameters, outcome: 'done', from }),
      );
      return await transaction.query(listedByName(username));
    }),
  );
  context.show(false, changed, () => lines(changed));
}

function lines(operators: readonly ListedOperator[]): string[] {
  if (operators.length === 0) return ['there is no operator; create one: leopard create_super_super_admin'];
  return formatTable(
    ['OPERATOR', 'E-MAIL', 'ROLE', 'ACTIVE', 'SECOND FACTOR', 'SESSIONS', 'LAST LOG-IN'],
    operators.map((one) => [
      one.username,
      one.email,
      one.role,
      one.is_active ? 'yes' : 'no',
      one.has_second_factor ? 'yes' : 'no',
      String(one.open_sessions),
      one.last_login?.toISOString() ?? '-',
    ]),
  );
}
