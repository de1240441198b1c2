import type { FastifyInstance, FastifySchema } from 'fastify';
import { checkRoute } from './admission.js';
import { routeSchema } from './openapi/route-schema.js';
import type { PathTable } from './path-table.js';
import type { RouteDefinition } from './route.js';

/** Makes the routes known to the server. @throws Error for a route that has no policy */
export function registerRoutes(
  app: FastifyInstance,
  routes: readonly RouteDefinition[],
  paths: PathTable,
): void {
  for (const definition of routes) {
    checkRoute(definition);
    app.route({
      method: definition.method,
      url: definition.path,
      exposeHeadRoute: definition.method === 'GET' && definition.head !== false,
      config: { definition, entry: paths.entry(definition.path) },
      schema: routeSchema(definition) as FastifySchema,
      handler: async (request, reply) => {
        reply.code(definition.status ?? 200);
        const answer = await definition.handler(request, reply);
        if (reply.sent) return reply;
        return definition.status === 204 ? reply.send() : answer;
      },
    });
  }
}
