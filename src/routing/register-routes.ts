import type { FastifyInstance, FastifySchema } from 'fastify';
import type { KeptAnswers } from './kept-answers.js';
import type { PathTable } from './path-table.js';
import { requiredPolicy } from './policy.js';
import type { RouteDefinition } from './route.js';
import { isList, shortenLarge, tellCut } from './route-bounds.js';

/** Registers the routes at the server. @param answers keeps answers, where any are kept @throws Error for a route that has no policy */
export function registerRoutes(
  app: FastifyInstance,
  routes: readonly RouteDefinition[],
  paths: PathTable,
  answers?: KeptAnswers,
): void {
  for (const definition of routes) {
    const keeper = definition.keepsAnswers ? answers : undefined;
    checkRoute(definition);
    app.route({
      method: definition.method,
      url: definition.path,
      exposeHeadRoute: definition.method === 'GET' && definition.head !== false,
      config: { definition, entry: paths.entry(definition.path) },
      schema: answerSchema(definition),
      ...(isList(definition) && { onSend: shortenLarge }),
      handler: async (request, reply) => {
        reply.code(definition.status ?? 200);
        const answer = await (keeper
          ? keeper.answer(definition, request, reply)
          : definition.handler(request, reply));
        if (reply.sent) return reply;
        const cutFields = request.admitted?.context.cutFields;
        if (cutFields) tellCut(reply, cutFields);
        return definition.status === 204 ? reply.send() : answer;
      },
    });
  }
}

/**
 * Returns the schema by which a route's answer is written; errors are written without one. Keyed by the class of the
 * status: V8 gives an object whose keys are numbers, such as 200, room for all numbers below.
 */
function answerSchema({ response, produces }: RouteDefinition): FastifySchema {
  if (!response) return {};
  if (!produces) return { response: { '2xx': response } };
  return { response: { '2xx': { content: { 'application/json': { schema: response } } } } };
}

/** Checks a route at the start, so that nothing is served without a policy. */
function checkRoute(definition: RouteDefinition): void {
  const name = `${definition.method} ${definition.path}`;
  requiredPolicy(name, definition.policy);
  const { method, policy, audits } = definition;
  if (policy.kind === 'operator' && method !== 'GET' && !audits)
    throw new Error(`${name} changes something and notes no action in the audit log`);
  if (!definition.page && !definition.path.endsWith('/')) throw new Error(`${name}: a path ends in a slash`);
}
