import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import type { RouteDefinition } from '../../routing/route.js';
import { modelPolicy } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { BranchCreate, BranchOption, BranchOutput, BranchPatch, BranchUpdate } from './schemas.js';
import { branchOptions, listBranches, readBranch } from './selectors.js';
import { createBranch, deleteBranch, restoreBranch, updateBranch } from './services.js';

const filters = {
  country: Type.String(),
  include_deleted: Type.Boolean(),
  name: Type.String(),
  phone: Type.String(),
  region_id: Type.Integer(),
  search: Type.String(),
  state: Type.String(),
};

/** Returns the routes of branches: offices to which staff and clients belong. */
export function branchRoutes(database: Database): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: '/api/v1/branches/',
    tag: 'branches',
    kind: 'branch',
    policy: modelPolicy('branch'),
    output: BranchOutput,
  });
  return [
    routes.list((transaction, user, page, { query }) => listBranches(transaction, user, query, page), {
      query: filters,
    }),
    routes.create(BranchCreate, createBranch),
    routes.array(branchOptions, {
      at: 'options/',
      summary: 'The branches that the user may see, to choose from.',
      output: BranchOption,
    }),
    routes.read(readBranch),
    ...routes.change({ PUT: BranchUpdate, PATCH: BranchPatch }, updateBranch),
    routes.remove(deleteBranch),
    routes.restore(restoreBranch),
  ];
}
