import type { Command } from 'commander';
import { endEverySession } from '../auth/ended-tokens.js';
import { deleteFactors, type FactorsOfUser, factorsOfUsers } from '../auth/factor-codes.js';
import { lockNamedUser } from '../auth/named-user.js';
import { SealedSecrets } from '../auth/sealed-secrets.js';
import { recordSecurityEvent } from '../auth/security-log.js';
import { type ResealedTotp, resealTotp } from '../auth/totp-secrets.js';
import { shortName } from '../tenancy/tenant-name.js';
import { atTenant } from './at-tenant.js';
import { chosenSchemas } from './chosen-schemas.js';
import type { CliContext } from './context.js';
import { formatTable } from './table.js';
import { withTables } from './with-tables.js';

interface Options {
  readonly tenant: string;
  readonly json?: boolean;
}

/** Adds `leopard second_factor list|reset|reseal`: the second factors of tenants' users. */
export function addSecondFactorCommand(program: Command, context: CliContext): void {
  const factors = program
    .command('second_factor')
    .description("show and reset the second factors of a tenant's users");
  const command = (name: string, description: string) =>
    factors
      .command(name)
      .description(description)
      .requiredOption('--tenant <tenant>', 'short name or schema')
      .option('--json', 'print JSON');

  command('list', 'list the active users with their second factors').action((options: Options) =>
    list(context, options),
  );
  command('reset', 'remove all second factors of a user who has lost them, and end all sessions')
    .requiredOption('--user <email>', 'e-mail address or username')
    .action((options: Options & { user: string }) => reset(context, options));
  factors
    .command('reseal')
    .description('seal the secrets of authenticator apps with the present SECRET_KEY instead of former ones')
    .option('--tenant <tenant>', 'only this one: short name or schema')
    .option('--json', 'print JSON')
    .action((options: Partial<Options>) => reseal(context, options));
}

async function list(context: CliContext, { tenant, json }: Options): Promise<void> {
  const users = await atTenant(context, tenant, (transaction) => transaction.query(factorsOfUsers()));
  context.show(json, users.map(toJson), () => lines(users));
}

async function reset(context: CliContext, { tenant, user, json }: Options & { user: string }): Promise<void> {
  const { accessTokenLifetime } = context.config();
  const done = await atTenant(context, tenant, async (transaction, schema) => {
    const { id, username } = await lockNamedUser(transaction, schema, user);
    for (const statement of deleteFactors(id)) transaction.send(statement);
    recordSecurityEvent(transaction, { kind: 'second_factor_reset', userId: id, actor: 'operator' });
    const sessions = await endEverySession(transaction, id, accessTokenLifetime);
    return { tenant: shortName(schema), username, sessions };
  });
  context.show(json, done, () => [
    `${done.username} of ${done.tenant} has no second factor any more; sessions ended: ${done.sessions}`,
  ]);
}

async function reseal(context: CliContext, { tenant, json }: Partial<Options>): Promise<void> {
  const { secretKey, secretKeyFallbacks } = context.config();
  const secrets = new SealedSecrets([secretKey, ...secretKeyFallbacks]);
  const done = await withTables(context, async ({ database }) => {
    const results: (ResealedTotp & { readonly tenant: string })[] = [];
    for (const schema of await chosenSchemas(context, database, tenant)) {
      const result = await database.tenantTransaction({ schema, userId: null }, (transaction) =>
        resealTotp(transaction, secrets, { schema }),
      );
      results.push({ tenant: shortName(schema), ...result });
    }
    return results;
  });
  context.show(json, done, () =>
    done.length === 0
      ? ['there is no tenant']
      : formatTable(
          ['TENANT', 'SEALED ANEW', 'UNREADABLE'],
          done.map(({ tenant, resealed, unreadable }) => [tenant, String(resealed), String(unreadable)]),
        ),
  );
}

function toJson({ id, username, factors }: FactorsOfUser) {
  return { id, username, factors };
}

function lines(users: readonly FactorsOfUser[]): string[] {
  if (users.length === 0) return ['there is no active user'];
  return formatTable(
    ['USER', 'SECOND FACTORS'],
    users.map(({ username, factors }) => [username, factors.join(', ') || '-']),
  );
}
