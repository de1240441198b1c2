import type { CurrentUsers } from '../../auth/current-user.js';
import type { RouteDefinition, UserRequest } from '../../routing/route.js';

/**
 * Returns the same routes, after each of which this process reads its users anew, so that changes take effect at once.
 * The database notifies other processes.
 */
export function changingAccess(users: CurrentUsers, routes: readonly RouteDefinition[]): RouteDefinition[] {
  return routes.map((definition) => ({
    ...definition,
    handler: async (request, reply) => {
      const answer = await definition.handler(request, reply);
      users.drop((request.admitted as UserRequest).tenant);
      return answer;
    },
  }));
}
