import type { Command } from 'commander';
import { forgetUserFailures } from '../auth/login-throttle.js';
import { lockNamedUser } from '../auth/named-user.js';
import { recordSecurityEvent } from '../auth/security-log.js';
import { atTenant } from './at-tenant.js';
import type { CliContext } from './context.js';

interface Options {
  readonly tenant: string;
  readonly json?: boolean;
}

/** Adds `leopard users unlock`: what operators do with a tenant's users. */
export function addUsersCommand(program: Command, context: CliContext): void {
  const users = program.command('users').description('unlock users of a tenant');
  users
    .command('unlock')
    .description('let a user try to log in again after too many failures')
    .argument('<user>', 'e-mail address or username')
    .requiredOption('--tenant <tenant>', 'short name or schema')
    .option('--json', 'print JSON')
    .action((user: string, options: Options) => unlock(context, user, options));
}

async function unlock(context: CliContext, user: string, { tenant, json }: Options): Promise<void> {
  const found = await atTenant(context, tenant, async (transaction, schema) => {
    const { id, username } = await lockNamedUser(transaction, schema, user);
    transaction.send(forgetUserFailures(username));
    recordSecurityEvent(transaction, { kind: 'login_unlocked', userId: id, username, actor: 'operator' });
    return { id, username };
  });
  context.show(json, found, () => [`${found.username} may try to log in again`]);
}
