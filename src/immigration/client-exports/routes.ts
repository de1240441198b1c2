import { Type } from '@sinclair/typebox';
import { scopeOf } from '../../auth/scope.js';
import type { Database } from '../../database/database.js';
import { requires } from '../../routing/policy.js';
import { type RouteDefinition, route } from '../../routing/route.js';
import { clientFilterParameters, readClientFilters } from '../shared/client-filters.js';
import { CSV, sendCsv } from '../shared/csv-answer.js';
import { TenantTime } from '../shared/tenant-time.js';
import { clientPieces } from './selectors.js';

/** Returns the route that exports the list of clients as a file. */
export function clientExportRoutes(database: Database): RouteDefinition[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/clients/export/',
      tag: 'clients',
      summary: 'The clients in scope as a CSV file, newest first, with the filters of the list.',
      policy: requires('view_client'),
      negotiates: false,
      load: 'heavy',
      fromReplica: true,
      query: {
        ...clientFilterParameters,
        bom: Type.Boolean({ description: 'begins the file with a byte order mark, as Excel wants it' }),
      },
      produces: [CSV],
      errors: [400],
      handler: async (request, reply) => {
        const { query, context, user, tenant } = request;
        const next = clientPieces(
          database,
          context,
          scopeOf(user),
          readClientFilters(query, new TenantTime(tenant)),
        );
        return await sendCsv(request, reply, { filename: 'clients.csv', mark: query.boolean('bom'), next });
      },
    }),
  ];
}
