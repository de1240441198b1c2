import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import { TOKENS_FROM } from './ended-tokens.js';
import { FACTORS_OF } from './factor-codes.js';
import type { FactorMethod } from './second-factor-answers.js';

/** The columns of a user for log-in and for changing a password. */
export interface Account {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  /** In Django's format. */
  readonly password: string;
  readonly isActive: boolean;
  readonly isSuperuser: boolean;
  readonly groups: readonly string[];
  /** The second factors, and `recovery_code` where any is left. */
  readonly factors: readonly FactorMethod[];
  /** Whether a new password is demanded before the next session. */
  readonly mustChangePassword: boolean;
  /** The earliest time at which tokens are dated, in seconds since 1970. */
  readonly tokensFrom: number;
}

const COLUMNS = sql`
  u.id, u.username, u.email, u.first_name AS "firstName", u.last_name AS "lastName", u.password,
  u.is_active AS "isActive", u.is_superuser AS "isSuperuser", ${FACTORS_OF} AS factors,
  ARRAY(SELECT g.name::text FROM immigration_user_groups ug JOIN auth_group g ON g.id = ug.group_id
        WHERE ug.user_id = u.id ORDER BY g.id) AS groups,
  EXISTS (SELECT FROM password_demand p WHERE p.user_id = u.id) AS "mustChangePassword",
  ${TOKENS_FROM} AS "tokensFrom"`;

/**
 * Returns the query for the user with this name, as typed or in Unicode's compatibility form, in which names are
 * stored.
 */
export function accountByName(username: string): Statement<Account> {
  return sql`
    SELECT ${COLUMNS} FROM immigration_user u WHERE u.username IN (${username}, ${username.normalize('NFKC')})
    ORDER BY u.username <> ${username} LIMIT 1`;
}

export function accountById(id: number): Statement<Account> {
  return sql`SELECT ${COLUMNS} FROM immigration_user u WHERE u.id = ${id}`;
}

/** Returns the statement that stores a hashed password. */
export function setPassword(id: number, hash: string): Statement {
  return sql`UPDATE immigration_user SET password = ${hash} WHERE id = ${id}`;
}

/** A stored password that can be verified, as against an unusable one. */
const VERIFIABLE = sql`password ~ '^(argon2|pbkdf2_sha256)[$]'`;

/**
 * Returns the query for some user's stored password, the same for the same name while no user is added. Checked in place
 * of an unknown user's, it makes unknown names take as long as known ones, whatever mixture of formats a tenant has. It
 * begins at an id that the name gives, so that it reads as little with thousands of users as with few.
 */
export function storedPasswordFor(username: string): Statement<{ password: string }> {
  return sql`
    (SELECT password FROM immigration_user WHERE ${VERIFIABLE} AND id >= (
       SELECT (hashtext(${username.normalize('NFKC')}) & 2147483647) % (max(id) + 1) FROM immigration_user)
     ORDER BY id LIMIT 1)
    UNION ALL
    (SELECT password FROM immigration_user WHERE ${VERIFIABLE} ORDER BY id DESC LIMIT 1)
    LIMIT 1`;
}
