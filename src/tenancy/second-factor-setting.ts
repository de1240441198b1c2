import { sql } from '../database/sql.js';

export const SECOND_FACTOR_POLICIES = ['optional', 'required'] as const;

/** An agency's setting of the users whose log-ins need a second factor. */
export interface SecondFactorSetting {
  readonly policy: (typeof SECOND_FACTOR_POLICIES)[number];
  /** The roles for which it is required; none: all users. */
  readonly groups: readonly string[];
}

/** SQL for the setting of tenant `t`, whatever it holds. */
export const SECOND_FACTOR_OF_TENANT = sql<unknown>`t.settings -> 'second_factor'`;

/** Reads the setting, which may hold anything, since operators write to it too; optional where it says nothing. */
export function secondFactorIn(setting: unknown): SecondFactorSetting {
  const { policy, groups } = (setting ?? {}) as { readonly policy?: unknown; readonly groups?: unknown };
  const listed: unknown[] = Array.isArray(groups) ? groups : [];
  return {
    policy: policy === 'required' ? 'required' : 'optional',
    groups: listed.filter((group) => typeof group === 'string'),
  };
}
