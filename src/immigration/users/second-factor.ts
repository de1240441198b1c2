import { Type } from '@sinclair/typebox';
import type { AccountMails } from '../../auth/account-mails.js';
import type { CurrentUser, CurrentUsers } from '../../auth/current-user.js';
import { deleteFactors } from '../../auth/factor-codes.js';
import { noteReset } from '../../auth/factor-notices.js';
import type { OwnSessions } from '../../auth/own-sessions.js';
import { allOf } from '../../database/conditions.js';
import type { Database } from '../../database/database.js';
import { firstOr } from '../../database/pending.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { detailError, notFound } from '../../http/errors.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import type { RouteDefinition } from '../../routing/route.js';
import type { Tenant } from '../../tenancy/tenants.js';
import { changingAccess } from '../shared/changing-access.js';
import { searchFilter } from '../shared/filters.js';
import { pageOf } from '../shared/page-of.js';
import { fullName } from '../shared/people.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { hasFactor, selectFactors, shownFactors, UserSecondFactor } from '../shared/second-factor-status.js';
import { userInScope } from '../shared/user-scope.js';
import { lockUser } from './access.js';
import { checkMayActAs } from './credentials.js';
import { userPolicy } from './policy.js';

/** The dependencies of a reset. */
interface ResetWork {
  readonly tenant: Tenant;
  readonly sessions: OwnSessions;
  readonly mails: AccountMails;
}

const OWN_FACTOR = 'Your own second factor is changed at second-factor/, which asks for your password.';

/** Returns the routes by which users who may change others see and reset their second factors. */
export function userSecondFactorRoutes(
  database: Database,
  { users, ...parts }: Omit<ResetWork, 'tenant'> & { readonly users: CurrentUsers },
): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: '/api/v1/users/',
    tag: 'users',
    kind: 'user',
    policy: userPolicy,
    output: UserSecondFactor,
  });
  return [
    routes.list(
      (transaction, user, page, { query, tenant }) => listFactors(transaction, user, page, { query, tenant }),
      {
        at: 'second-factor/',
        summary: 'Which users have a second factor.',
        fromReplica: false,
        query: {
          enabled: Type.Boolean({
            description: 'only users who have a second factor, or only those who have none',
          }),
          is_active: Type.Boolean(),
          search: Type.String(),
        },
        largest: 1_000,
      },
    ),
    routes.action(
      'second-factor/',
      {
        method: 'GET',
        summary: 'The second factors of a user.',
        policy: userPolicy.see,
        output: UserSecondFactor,
      },
      (transaction, user, id, _body, { tenant }) => readFactors(transaction, user, id, tenant),
    ),
    ...changingAccess(users, [
      routes.action(
        'second-factor/reset/',
        {
          summary: 'Removes all second factors of another user, and ends their sessions.',
          policy: userPolicy.change,
          status: 204,
          errors: [400, 404],
        },
        (transaction, user, id, _body, { tenant }) =>
          resetFactors(transaction, user, id, { ...parts, tenant }),
      ),
    ]),
  ];
}

async function listFactors(
  transaction: TenantTransaction,
  user: CurrentUser,
  page: PageRequest,
  { query, tenant }: { readonly query: QueryParameters; readonly tenant: Tenant },
): Promise<Pending<PageOf<UserSecondFactor>>> {
  const enabled = query.boolean('enabled');
  const isActive = query.boolean('is_active');
  const asked = allOf([
    userInScope(user),
    searchFilter(query, fullName('r'), 'r.email', 'r.username'),
    enabled !== undefined && hasFactor(enabled),
    isActive !== undefined && sql`r.is_active = ${isActive}`,
  ]);
  const counting = sql<{ count: number }>`SELECT count(*) AS count FROM immigration_user r WHERE ${asked}`;
  const found = await pageOf(transaction, counting, selectFactors(sql`WHERE ${asked}`), page);
  return found.map(({ count, items }) => ({ count, items: items.map((row) => shownFactors(tenant, row)) }));
}

function readFactors(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  tenant: Tenant,
): Pending<UserSecondFactor> {
  const isVisible = id === user.id ? sql`true` : userInScope(user);
  const found = transaction.send(selectFactors(sql`WHERE r.id = ${id} AND ${isVisible}`));
  return found.map(firstOr(() => notFound('User'))).map((row) => shownFactors(tenant, row));
}

/**
 * Removes every second factor of another user, and ends their sessions. Who may set the user's password may do so.
 * @throws HttpError 404, 403; 400 for oneself
 */
async function resetFactors(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  { sessions, mails, tenant }: ResetWork,
): Promise<void> {
  const change = await lockUser(transaction, user, id, userPolicy.change);
  if (change.isSelf) throw detailError(400, OWN_FACTOR);
  checkMayActAs(change, 'reset the second factor');
  for (const statement of deleteFactors(id)) transaction.send(statement);
  noteReset(transaction, mails, tenant, change.target);
  await sessions.endEvery(transaction, id);
}
