import type { SecondFactorSetting } from '../tenancy/second-factor-setting.js';
import type { Account } from './accounts.js';
import { hasSecondFactor } from './factor-codes.js';

/** Returns whether a user may only log in with a second factor. Superusers without a group count as SUPER_ADMIN. */
export function requiresSecondFactor(
  { policy, groups }: SecondFactorSetting,
  { groups: held, isSuperuser }: Pick<Account, 'groups' | 'isSuperuser'>,
): boolean {
  if (policy === 'optional') return false;
  const roles = isSuperuser && held.length === 0 ? ['SUPER_ADMIN'] : held;
  return groups.length === 0 || groups.some((group) => roles.includes(group));
}

/** Returns whether a user has yet to set up the second factor that the agency requires. */
export function lacksSecondFactor(
  setting: SecondFactorSetting,
  account: Pick<Account, 'groups' | 'isSuperuser' | 'factors'>,
): boolean {
  return requiresSecondFactor(setting, account) && !hasSecondFactor(account.factors);
}
