import { type Static, Type } from '@sinclair/typebox';
import { FACTORS_OF, hasSecondFactor } from '../../auth/factor-codes.js';
import type { FactorMethod } from '../../auth/second-factor-answers.js';
import { requiresSecondFactor } from '../../auth/second-factor-policy.js';
import { type Sql, sql } from '../../database/sql.js';
import { component } from '../../http/component.js';
import type { Tenant } from '../../tenancy/tenants.js';

const status = {
  enabled: Type.Boolean({ description: 'whether log-ins ask for it' }),
  required: Type.Boolean({ description: 'whether the agency requires it of the user' }),
  totp: Type.Boolean({ description: 'whether an authenticator app is set up' }),
  passkeys: Type.Integer({ description: 'how many there are' }),
  recovery_codes: Type.Integer({ description: 'how many are left' }),
};

export const SecondFactorStatus = component('SecondFactorStatus', Type.Object(status));
export type SecondFactorStatus = Static<typeof SecondFactorStatus>;

export const UserSecondFactor = component(
  'UserSecondFactor',
  Type.Object({ id: Type.Integer(), username: Type.String(), is_active: Type.Boolean(), ...status }),
);
export type UserSecondFactor = Static<typeof UserSecondFactor>;

interface StatusRow {
  readonly id: number;
  readonly username: string;
  readonly is_active: boolean;
  readonly isSuperuser: boolean;
  readonly groups: readonly string[];
  readonly factors: readonly FactorMethod[];
  readonly passkeys: number;
  readonly codes: number;
}

/** Returns the condition that a user `r` has a second factor, or has none. */
export function hasFactor(has: boolean): Sql<boolean> {
  const found = sql<boolean>`(EXISTS (SELECT FROM totp_secret f WHERE f.user_id = r.id AND f.confirmed)
    OR EXISTS (SELECT FROM passkey f WHERE f.user_id = r.id))`;
  return has ? found : sql<boolean>`NOT ${found}`;
}

/** Returns the query for the second factors of users `r`. @param rest WHERE and what follows it */
export function selectFactors(rest: Sql): Sql<StatusRow> {
  return sql<StatusRow>`
    SELECT u.id, u.username, u.is_active, u.is_superuser AS "isSuperuser", ${FACTORS_OF} AS factors,
      ARRAY(SELECT g.name::text FROM immigration_user_groups ug JOIN auth_group g ON g.id = ug.group_id
            WHERE ug.user_id = u.id ORDER BY g.id) AS groups,
      (SELECT count(*)::integer FROM passkey p WHERE p.user_id = u.id) AS passkeys,
      (SELECT count(*)::integer FROM recovery_code c WHERE c.user_id = u.id) AS codes
    FROM (SELECT r.id, r.username, r.is_active, r.is_superuser FROM immigration_user r ${rest}) u ORDER BY u.id`;
}

/** Returns the API's form of such a row. */
export function shownFactors({ secondFactor }: Tenant, row: StatusRow): UserSecondFactor {
  const { id, username, is_active, factors, passkeys, codes } = row;
  return {
    id,
    username,
    is_active,
    enabled: hasSecondFactor(factors),
    required: requiresSecondFactor(secondFactor, row),
    totp: factors.includes('totp'),
    passkeys,
    recovery_codes: codes,
  };
}
