import { sql } from '../database/sql.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { PlainError } from '../platform/plain-error.js';
import type { OperatorRole } from '../routing/policy.js';
import { OWN_ROLE, ROLE_OF } from './accounts.js';
import { deleteFactors } from './factors.js';
import { endSessions } from './sessions.js';

/** An operator as others see it. */
export interface ListedOperator {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly role: OperatorRole;
  readonly is_active: boolean;
  /** Whether the second factor is set up. */
  readonly has_second_factor: boolean;
  readonly open_sessions: number;
  readonly last_login: Date | null;
}

/** Thrown when a change would leave the platform without an active owner. */
export class LastOwnerError extends PlainError {
  override readonly name = 'LastOwnerError';
}

/** Maximum number of operators that are listed. */
export const MOST_LISTED = 1_000;
/** Key of the lock under which owners are counted; any number that nobody else uses. */
const OWNERS_LOCK = 7_236_079;

const LISTED = sql`
  SELECT u.id, u.username, u.email, ${ROLE_OF} AS role, u.is_active,
    EXISTS (SELECT FROM public.operator_factor f WHERE f.operator_id = u.id AND f.confirmed) AS has_second_factor,
    (SELECT count(*)::integer FROM public.operator_session s
     WHERE s.operator_id = u.id AND s.ended_at IS NULL AND s.ends_at > now()) AS open_sessions,
    u.last_login
  FROM public.auth_user u ${OWN_ROLE}`;

/** Returns the query for the operators, by name; one more than are listed, if there are more. */
export function listedOperators() {
  return sql<ListedOperator>`${LISTED} ORDER BY u.username LIMIT ${MOST_LISTED + 1}`;
}

/** Returns the query for one operator. */
export function listedOperator(id: number) {
  return sql<ListedOperator>`${LISTED} WHERE u.id = ${id}`;
}

/** Returns the query for the operator with this name. */
export function listedByName(username: string) {
  return sql<ListedOperator>`${LISTED} WHERE u.username = ${username.trim().normalize('NFKC')}`;
}

/** The changes of an operator that others make. */
export interface OperatorChanges {
  readonly role?: OperatorRole | undefined;
  readonly is_active?: boolean | undefined;
}

/**
 * Changes the role of an operator, or whether it is active; sessions of an inactive one end.
 * @throws LastOwnerError
 */
export async function changeOperator(
  transaction: TenantTransaction,
  { id, username }: Pick<ListedOperator, 'id' | 'username'>,
  { role, is_active }: OperatorChanges,
): Promise<void> {
  transaction.send(sql`SELECT pg_advisory_xact_lock(${OWNERS_LOCK})`);
  if (role !== undefined) {
    transaction.send(sql`
      INSERT INTO public.operator_role (operator_id, role) VALUES (${id}, ${role})
      ON CONFLICT (operator_id) DO UPDATE SET changed_at = now(), role = excluded.role`);
  }
  if (is_active !== undefined)
    transaction.send(sql`UPDATE public.auth_user SET is_active = ${is_active} WHERE id = ${id}`);
  if (is_active === false) transaction.send(endSessions(id));
  const owners = await transaction.query(sql`
    SELECT u.id FROM public.auth_user u ${OWN_ROLE} WHERE u.is_active AND ${ROLE_OF} = 'owner' LIMIT 1`);
  if (owners.length === 0)
    throw new LastOwnerError(`${username} is the last active owner; make another operator an owner first`);
}

/** Removes an operator's second factor, which the next log-in sets up anew, and ends all sessions. */
export function resetSecondFactor(transaction: TenantTransaction, id: number): void {
  for (const statement of deleteFactors(id)) transaction.send(statement);
  transaction.send(endSessions(id));
}
