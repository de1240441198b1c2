import { Type } from '@sinclair/typebox';
import { scopeOf } from '../../auth/scope.js';
import type { Database } from '../../database/database.js';
import { body } from '../../http/fields/body.js';
import { field, required } from '../../http/fields/field.js';
import { pathId } from '../../http/path-id.js';
import { pageAnswer, pageParameters, pageSchema, readPage } from '../../routing/pagination.js';
import { type RouteDefinition, route, type UserRequest } from '../../routing/route.js';
import { clientFilterParameters, readClientFilters } from '../shared/client-filters.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { TenantTime } from '../shared/tenant-time.js';
import { bulkRoutes } from './bulk-routes.js';
import { clientPolicy } from './policy.js';
import { ProfilePicture, type ProfilePictures } from './profile-picture.js';
import { ClientCreate, ClientOutput, ClientPatch, ClientStageCount, ClientUpdate } from './schemas.js';
import { clientStageCounts, listClients, readClient } from './selectors.js';
import { createClient, deleteClient, restoreClient, updateClient } from './services.js';
import { ClientActivityOutput, clientTimeline } from './timeline.js';

const PATH = '/api/v1/clients/';
const RECORD = `${PATH}:id/`;
const tag = 'clients';

const PictureUpload = body('ProfilePictureRequest', {
  file: required(field(Type.String({ format: 'binary' }), (value) => value)),
});

const clientId = ({ params }: UserRequest) => pathId(params.id, 'Client');

/** Returns the routes of clients with their stages, timeline and picture. */
export function clientRoutes(database: Database, pictures: ProfilePictures): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: PATH,
    tag,
    kind: 'client',
    policy: clientPolicy,
    output: ClientOutput,
  });
  return [
    routes.list(listClients, { query: clientFilterParameters }),
    routes.create(ClientCreate, createClient),
    route({
      method: 'GET',
      path: `${PATH}stage-counts/`,
      tag,
      summary: 'Number of clients in scope per stage, with the filters of the list.',
      policy: clientPolicy.see,
      query: clientFilterParameters,
      fromReplica: true,
      response: ClientStageCount,
      handler: async ({ context, user, query, tenant }) => {
        const filters = readClientFilters(query, new TenantTime(tenant));
        return await database.tenantTransaction(context, (transaction) =>
          clientStageCounts(transaction, scopeOf(user), filters),
        );
      },
    }),
    ...bulkRoutes(database),
    routes.read(readClient),
    ...routes.change({ PUT: ClientUpdate, PATCH: ClientPatch }, updateClient),
    routes.remove(deleteClient),
    routes.restore(restoreClient),
    route({
      method: 'GET',
      path: `${RECORD}timeline/`,
      tag,
      summary: 'What happened to a client, newest first.',
      policy: clientPolicy.see,
      query: { activity_type: Type.String(), ...pageParameters() },
      response: pageSchema('PaginatedClientActivityOutputList', ClientActivityOutput),
      errors: [404],
      handler: async (request) => {
        const page = readPage(request);
        const types = request.query.choices('activity_type');
        const list = await database.tenantTransaction(request.context, (transaction) =>
          clientTimeline(transaction, request.user, clientId(request), types, page),
        );
        return pageAnswer(request, page, list);
      },
    }),
    route({
      method: 'GET',
      path: `${RECORD}profile-picture/`,
      tag,
      summary: "The client's picture.",
      policy: clientPolicy.see,
      response: ProfilePicture,
      errors: [404],
      handler: async (request) => await pictures.read(request, clientId(request)),
    }),
    route({
      method: 'POST',
      path: `${RECORD}profile-picture/`,
      tag,
      summary:
        "Stores the client's picture in place of the one there: JPEG, PNG, GIF or WebP, 5 MB and 40 million pixels at most.",
      policy: clientPolicy.addPicture,
      body: PictureUpload,
      upload: true,
      beforeFile: async ({ admitted }) => {
        const request = admitted as UserRequest;
        await pictures.checkClient(request, clientId(request));
      },
      status: 201,
      response: ProfilePicture,
      errors: [400, 404],
      handler: async (request) => await pictures.replace(request, clientId(request), request.raw.files?.file),
    }),
    route({
      method: 'DELETE',
      path: `${RECORD}profile-picture/`,
      tag,
      summary: "Removes the client's picture.",
      policy: clientPolicy.removePicture,
      status: 204,
      errors: [404],
      handler: async (request) => await pictures.remove(request, clientId(request)),
    }),
  ];
}
