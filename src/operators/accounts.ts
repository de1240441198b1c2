import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import type { Operator } from '../routing/operator-route.js';

/** SQL for the role of an operator `u`, with `r` joined by OWN_ROLE. */
export const ROLE_OF = sql<
  Operator['role']
>`coalesce(r.role, CASE WHEN u.is_superuser THEN 'owner' ELSE 'reader' END)`;
export const OWN_ROLE = sql`LEFT JOIN public.operator_role r ON r.operator_id = u.id`;

/** An operator's account as log-ins need it. */
export interface OperatorAccount extends Operator {
  /** As it is stored. */
  readonly password: string;
  readonly isActive: boolean;
  readonly firstName: string;
  readonly lastName: string;
  /** Whether an authenticator app is set up and confirmed. */
  readonly hasFactor: boolean;
}

const ACCOUNT = sql`
  SELECT u.id, u.username, u.email, u.password, u.is_active AS "isActive", ${ROLE_OF} AS role,
    u.first_name AS "firstName", u.last_name AS "lastName",
    EXISTS (SELECT FROM public.operator_factor f WHERE f.operator_id = u.id AND f.confirmed) AS "hasFactor"
  FROM public.auth_user u ${OWN_ROLE}`;

/** Returns the query for the operator with this name. */
export function accountByName(username: string): Statement<OperatorAccount> {
  return sql<OperatorAccount>`${ACCOUNT} WHERE u.username = ${username.trim().normalize('NFKC')}`;
}

/** Returns the query for the operator with this id. */
export function accountById(id: number): Statement<OperatorAccount> {
  return sql<OperatorAccount>`${ACCOUNT} WHERE u.id = ${id}`;
}

/** Returns the statement that locks an operator's row, before what depends on it is read. */
export function lockOperator(id: number): Statement {
  return sql`SELECT FROM public.auth_user WHERE id = ${id} FOR NO KEY UPDATE`;
}

/**
 * Returns the query for a stored password that is checked in place of one of an unknown operator: the same for the same
 * name, so that the time it takes reveals nothing.
 */
export function standInPassword(username: string): Statement<{ readonly password: string }> {
  return sql<{ readonly password: string }>`
    SELECT password FROM public.auth_user WHERE is_active ORDER BY md5(username || ${username}) LIMIT 1`;
}

/** Returns the statement that stores a password. */
export function setPassword(id: number, hash: string): Statement {
  return sql`UPDATE public.auth_user SET password = ${hash} WHERE id = ${id}`;
}
