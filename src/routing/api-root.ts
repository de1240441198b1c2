import { Type } from '@sinclair/typebox';
import { component } from '../http/component.js';
import { signedIn } from './policy.js';
import { type RouteDefinition, route } from './route.js';

const ROOT = '/api/v1/';

const ApiRoot = component(
  'ApiRoot',
  Type.Object(
    {},
    {
      description: 'resource name → absolute URL of its list, for every list under /api/v1/',
      additionalProperties: Type.String({ format: 'uri' }),
    },
  ),
);

/** Returns the route of the table of contents: every list right under `/api/v1/` among these routes, in their order. */
export function apiRootRoute(routes: readonly RouteDefinition[]): RouteDefinition {
  const isList = ({ method, path }: RouteDefinition) =>
    method === 'GET' && /^\/api\/v1\/[^/:]+\/$/.test(path);
  const lists = routes.filter(isList).map(({ path }) => path);
  return route({
    method: 'GET',
    path: ROOT,
    tag: 'root',
    summary: 'The lists of this API.',
    policy: signedIn,
    response: ApiRoot,
    handler: async ({ origin }) =>
      Object.fromEntries(lists.map((path) => [path.slice(ROOT.length, -1), origin + path])),
  });
}
