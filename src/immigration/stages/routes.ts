import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import { REFUSED } from '../../routing/openapi/route-schema.js';
import { requires } from '../../routing/policy.js';
import { type RouteDefinition, route } from '../../routing/route.js';
import { modelPolicy } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { StageCreate, StageOutput, StageReorder, StageUpdate } from './schemas.js';
import { listStages, readStage } from './selectors.js';
import { createStage, deleteStage, reorderStages, updateStage } from './services.js';

const PATH = '/api/v1/stages/';
const tag = 'stages';

/** Returns the routes of the stages through which the applications of a type go. */
export function stageRoutes(database: Database): RouteDefinition[] {
  const policy = { ...modelPolicy('stage'), see: requires('view_applicationtype') };
  const routes = resourceRoutes(database, {
    path: PATH,
    tag,
    kind: 'stage',
    policy,
    output: StageOutput,
  });
  return [
    routes.array((transaction, _user, { query }) => listStages(transaction, query), {
      query: { application_type_id: Type.Integer() },
      errors: [400],
    }),
    routes.create(StageCreate, createStage),
    route({
      method: 'POST',
      path: `${PATH}reorder/`,
      tag,
      summary: 'Puts all stages of an application type into a new order.',
      policy: policy.change,
      body: StageReorder,
      response: Type.Array(StageOutput),
      errors: [400],
      handler: async ({ context, user, body }) => {
        const given = body.read();
        return await database.tenantTransaction(context, (transaction) =>
          reorderStages(transaction, user, given),
        );
      },
    }),
    routes.read((transaction, _user, id) => readStage(transaction, id)),
    ...routes.change({ PATCH: StageUpdate }, updateStage),
    routes.remove(deleteStage, [404], REFUSED),
  ];
}
