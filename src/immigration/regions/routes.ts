import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import type { RouteDefinition } from '../../routing/route.js';
import { modelPolicy } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { RegionCreate, RegionOutput, RegionPatch, RegionUpdate } from './schemas.js';
import { listRegions, regionInScope, regions } from './selectors.js';
import { createRegion, deleteRegion, updateRegion } from './services.js';

/** Returns the routes of regions: groups of branches, each under its managers. */
export function regionRoutes(database: Database): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: '/api/v1/regions/',
    tag: 'regions',
    kind: 'region',
    policy: modelPolicy('region'),
    output: RegionOutput,
  });
  return [
    routes.list((transaction, user, page, { query }) => listRegions(transaction, user, query, page), {
      query: { name: Type.String(), search: Type.String() },
    }),
    routes.create(RegionCreate, createRegion),
    routes.read((transaction, user, id) => regions.read(transaction, id, regionInScope(user))),
    ...routes.change({ PUT: RegionUpdate, PATCH: RegionPatch }, updateRegion),
    routes.remove(deleteRegion, [400, 404]),
  ];
}
