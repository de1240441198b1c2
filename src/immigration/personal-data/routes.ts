import { Readable } from 'node:stream';
import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import { sql } from '../../database/sql.js';
import { component } from '../../http/component.js';
import { detailError, invalidField, notFound } from '../../http/errors.js';
import { body } from '../../http/fields/body.js';
import { required } from '../../http/fields/field.js';
import { integer } from '../../http/fields/scalar.js';
import { pathId } from '../../http/path-id.js';
import { type RouteDefinition, route } from '../../routing/route.js';
import type { MediaStore } from '../../storage/media-store.js';
import { onlySuperAdmin } from '../shared/resource-policy.js';
import { eraseClient, ImportUnderWayError } from './erase.js';
import { exportClient } from './export.js';

const Erasure = body('EraseClientRequest', { confirm: required(integer()) });

const ErasedClient = component(
  'ErasedClient',
  Type.Object({
    client_id: Type.Integer(),
    counts: Type.Record(Type.String(), Type.Integer(), {
      description: 'numbers of records, events, notifications … that were removed or emptied',
    }),
  }),
);
const PersonalData = component(
  'PersonalData',
  Type.Object({ exported_at: Type.String({ format: 'date-time' }) }, { additionalProperties: true }),
);

/** Returns the routes that export and erase everything that is kept of a client. */
export function personalDataRoutes(database: Database, media: MediaStore): RouteDefinition[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/clients/:id/personal-data/',
      tag: 'clients',
      summary: 'Everything that is kept of a client, as one JSON document; only for SUPER_ADMIN.',
      policy: onlySuperAdmin.see,
      load: 'heavy',
      head: false,
      response: PersonalData,
      errors: [404],
      handler: async ({ context, params }, reply) => {
        const id = pathId(params.id, 'Client');
        const document = await exportClient({ database, context, media }, id);
        if (!document) throw notFound('Client');
        reply
          .type('application/json; charset=utf-8')
          .header('cache-control', 'no-store')
          .header('content-disposition', `attachment; filename="client-${id}.json"`);
        return reply.send(Readable.from(document));
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/clients/:id/erase/',
      tag: 'clients',
      summary:
        'Erases everything that is kept of a client, for good; `confirm` repeats the id. Only for SUPER_ADMIN.',
      policy: onlySuperAdmin.remove,
      load: 'heavy',
      body: Erasure,
      response: ErasedClient,
      errors: [400, 404],
      handler: async ({ context, params, body }) => {
        const id = pathId(params.id, 'Client');
        return await database.tenantTransaction(context, async (transaction) => {
          const there = await transaction.query(sql`SELECT FROM immigration_client WHERE id = ${id}`);
          if (there.length === 0) throw notFound('Client');
          if (body.read().confirm !== id) throw invalidField('confirm', 'It must be the id of the client.');
          const erased = await eraseClient(transaction, { media, schema: context.schema }, id).catch(
            (error: unknown) => {
              throw error instanceof ImportUnderWayError ? detailError(400, error.message) : error;
            },
          );
          if (!erased) throw notFound('Client');
          return erased;
        });
      },
    }),
  ];
}
