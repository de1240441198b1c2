import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import type { RouteDefinition } from '../../routing/route.js';
import { MOST_COUNTED } from '../shared/page-of.js';
import { onlySuperAdmin } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { TenantTime } from '../shared/tenant-time.js';
import { KINDS_EXPLAINED, SecurityEventOutput } from './schemas.js';
import { events, listSecurityEvents } from './selectors.js';

const filters = {
  actor: Type.Integer({ description: 'the user who did it' }),
  address: Type.String({ description: "the client's, as a whole" }),
  from: Type.String({
    format: 'date-time',
    description: 'this moment or later; a bare date: that day or later',
  }),
  kind: Type.String({ description: `${KINDS_EXPLAINED}; any other value: an empty list` }),
  to: Type.String({
    format: 'date-time',
    description: 'before this moment; a bare date: that day included, in the time zone of the agency',
  }),
  user: Type.Integer({ description: 'the user that it is about' }),
};

/** Returns the routes of the security log, which nobody can write. */
export function securityLogRoutes(database: Database): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: '/api/v1/security-log/',
    tag: 'security-log',
    thing: 'Security event',
    one: 'an event of the security log',
    many: 'events of the security log',
    policy: onlySuperAdmin,
    output: SecurityEventOutput,
  });
  return [
    routes.list(
      (transaction, _user, page, { query, tenant }) =>
        listSecurityEvents(transaction, query, page, new TenantTime(tenant)),
      {
        query: filters,
        fromReplica: false,
        summary: `The security log, newest first; only for SUPER_ADMIN. It counts and shows at most ${MOST_COUNTED} events: older ones are found with \`to\`.`,
      },
    ),
    routes.read((transaction, _user, id) => events.read(transaction, id)),
  ];
}
