import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import type { RouteDefinition } from '../../routing/route.js';
import { MOST_COUNTED } from '../shared/page-of.js';
import { onlySuperAdmin } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { TenantTime } from '../shared/tenant-time.js';
import { AuditEntryOutput, ENTITIES, OPERATIONS } from './schemas.js';
import { entries, listEntries } from './selectors.js';

const filters = {
  entity: Type.String({ description: `one of ${ENTITIES.join(', ')}; any other value: an empty list` }),
  from: Type.String({
    format: 'date-time',
    description: 'this moment or later; a bare date: that day or later',
  }),
  operation: Type.String({ description: `one of ${OPERATIONS.join(', ')}; any other value: an empty list` }),
  record_id: Type.Integer(),
  to: Type.String({
    format: 'date-time',
    description: 'before this moment; a bare date: that day included, in the time zone of the agency',
  }),
  user: Type.Integer({ description: 'who did it' }),
};

/** Returns the route of the log of changes and of sensitive reads, which nobody can write. */
export function auditRoutes(database: Database): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: '/api/v1/audit/',
    tag: 'audit',
    thing: 'Audit entry',
    one: 'an entry of the audit log',
    many: 'entries of the audit log',
    policy: onlySuperAdmin,
    output: AuditEntryOutput,
  });
  return [
    routes.list(
      (transaction, _user, page, { query, tenant }) =>
        listEntries(transaction, query, page, new TenantTime(tenant)),
      {
        query: filters,
        fromReplica: false,
        summary: `The audit log, newest first; only for SUPER_ADMIN. It counts and shows at most ${MOST_COUNTED} entries: older ones are found with \`to\`.`,
      },
    ),
    routes.read((transaction, _user, id) => entries.read(transaction, id)),
  ];
}
