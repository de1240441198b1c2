import type { Command } from 'commander';
import { endEverySession } from '../auth/ended-tokens.js';
import { forgetUserFailures } from '../auth/login-throttle.js';
import { lockNamedUser } from '../auth/named-user.js';
import { demandPassword } from '../auth/password-demand.js';
import { recordSecurityEvent } from '../auth/security-log.js';
import { atTenant } from './at-tenant.js';
import type { CliContext } from './context.js';

interface Options {
  readonly tenant: string;
  readonly json?: boolean;
}

/** Adds `leopard users unlock|require-password-change`, for the accounts of a tenant's users. */
export function addUsersCommand(program: Command, context: CliContext): void {
  const users = program
    .command('users')
    .description('unlock users of a tenant, or demand new passwords of them');
  users
    .command('unlock')
    .description('let a user try to log in again after too many failures')
    .argument('<user>', 'e-mail address or username')
    .requiredOption('--tenant <tenant>', 'short name or schema')
    .option('--json', 'print JSON')
    .action((user: string, options: Options) => unlock(context, user, options));
  users
    .command('require-password-change')
    .description('end the sessions of a user, and demand a new password at the next log-in')
    .argument('<user>', 'e-mail address or username')
    .requiredOption('--tenant <tenant>', 'short name or schema')
    .option('--json', 'print JSON')
    .action((user: string, options: Options) => requireChange(context, user, options));
}

async function requireChange(context: CliContext, user: string, { tenant, json }: Options): Promise<void> {
  const { accessTokenLifetime } = context.config();
  const found = await atTenant(context, tenant, async (transaction, schema) => {
    const { id, username } = await lockNamedUser(transaction, schema, user);
    transaction.send(demandPassword(id));
    const ended = await endEverySession(transaction, id, accessTokenLifetime);
    const about = { userId: id, username, actor: 'operator' } as const;
    recordSecurityEvent(transaction, { kind: 'password_demanded', ...about, detail: { ended } });
    return { id, username, ended };
  });
  context.show(json, found, () => [
    `${found.username} must set a new password at the next log-in; ${found.ended} sessions have ended`,
  ]);
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
