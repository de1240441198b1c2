import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import { signedIn } from '../../routing/policy.js';
import { type RouteDefinition, route } from '../../routing/route.js';
import { SearchAnswer } from './schemas.js';
import { LIMIT, LONGEST, readSearchQuery, SHORTEST } from './search-query.js';
import { search } from './selectors.js';

/** Returns the route that finds records of every kind by a search text. */
export function searchRoutes(database: Database): RouteDefinition[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/search/',
      tag: 'search',
      summary:
        'Clients, applications, agents and institutes that one may see, by a few words; also misspelt.',
      policy: signedIn,
      fromReplica: true,
      query: {
        q: Type.String({ description: `required; ${SHORTEST} to ${LONGEST} characters` }),
        limit: Type.Integer({
          description: `so many of each kind at most: 1 to ${LIMIT.largest}, default ${LIMIT.usual}`,
        }),
      },
      response: SearchAnswer,
      errors: [400],
      handler: async ({ context, user, query }) => ({
        results: await search(database, context, user, readSearchQuery(query)),
      }),
    }),
  ];
}
