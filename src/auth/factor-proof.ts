import type { TenantTransaction } from '../database/tenant-transaction.js';
import { invalid, invalidField, unauthorized } from '../http/errors.js';
import type { Tenant } from '../tenancy/tenants.js';
import { type Account, accountById } from './accounts.js';
import { type ClientDevice, sourceOf } from './client-device.js';
import type { CurrentUser } from './current-user.js';
import { lockAccount } from './ended-tokens.js';
import { spendCode } from './factor-codes.js';
import { addFailedLogIn } from './failed-log-in.js';
import type { Standing } from './login-throttle.js';
import { verifyPassword } from './passwords.js';
import type { SecondFactorParts } from './second-factor.js';

/** The proof that the user of a session is still its owner: the present password, or a code of the second factor. */
export interface FactorProof {
  readonly password?: string | undefined;
  readonly code?: string | undefined;
}

/** A signed-in user who changes their second factor, at a client. */
export interface FactorOwner {
  readonly tenant: Tenant;
  readonly user: CurrentUser;
  readonly client: ClientDevice;
}

const WRONG_PASSWORD = 'Your password was entered incorrectly.';
const WRONG_CODE = 'The code is not valid.';
const NO_PROOF = 'Give your password, or a code of your second factor.';

type Outcome<T> = { readonly done: T } | { readonly failures: readonly Standing[] };

/**
 * Works on a signed-in user's own account, whose row it locks, if the proof is right. Wrong ones count as failed log-ins.
 * @throws HttpError 400 for a wrong proof or none; 429 after too many failures
 */
export async function withProof<T>(
  { database, throttle, secrets }: SecondFactorParts,
  { tenant, user, client }: FactorOwner,
  { password, code }: FactorProof,
  work: (transaction: TenantTransaction, account: Account) => Promise<T>,
): Promise<T> {
  if (password === undefined && code === undefined) throw invalid({ password: [NO_PROOF] });
  const context = { schema: tenant.schema, userId: user.id, source: sourceOf(client) };
  const { address } = client;
  const { username } = user;
  const [standing, [before]] = await database.tenantTransaction(context, (transaction) =>
    transaction.send(throttle.standing(username, client)).and(transaction.send(accountById(user.id))),
  );
  throttle.check(standing);
  // The slow check of a password comes before the transaction that locks.
  const isRight =
    password !== undefined &&
    before &&
    (await verifyPassword(password, before.password, { tenant: tenant.schema, address }));
  const outcome = await database.tenantTransaction<Outcome<T>>(context, async (transaction) => {
    transaction.send(lockAccount(user.id, 'NO KEY UPDATE'));
    const [failed, [account]] = await Promise.all([
      transaction.query(throttle.standing(username, client)),
      transaction.query(accountById(user.id)),
    ]);
    throttle.check(failed);
    if (!account?.isActive) throw unauthorized('User is inactive', { code: 'user_inactive' });
    const isProven =
      password === undefined
        ? (await spendCode(transaction, secrets, tenant, user.id, code as string)) !== null
        : isRight && account.password === before.password;
    if (!isProven) {
      const failed = { username, userId: user.id, client, during: 'change of the second factor' };
      return { failures: await addFailedLogIn(transaction, throttle, failed) };
    }
    return { done: await work(transaction, account) };
  });
  if ('done' in outcome) return outcome.done;
  throttle.checkFailure(outcome.failures);
  throw password === undefined ? invalidField('code', WRONG_CODE) : invalidField('password', WRONG_PASSWORD);
}
