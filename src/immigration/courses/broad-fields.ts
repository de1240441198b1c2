import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { notFound } from '../../http/errors.js';
import { required } from '../../http/fields/field.js';
import { text } from '../../http/fields/text.js';
import { pathId } from '../../http/path-id.js';
import { signedIn } from '../../routing/policy.js';
import { type RouteDefinition, route } from '../../routing/route.js';
import { catalogRoutes } from '../shared/catalog.js';
import { columnsOf, select } from '../shared/columns.js';
import { IdName } from '../shared/output.js';

const PATH = '/api/v1/broad-fields/';
const tag = 'broad-fields';
const thing = 'Broad field';

/** Returns the routes of broad fields of study, each with its narrow ones to choose from. */
export function broadFieldRoutes(database: Database): RouteDefinition[] {
  return [
    ...catalogRoutes(database, {
      path: PATH,
      tag,
      kind: 'broadfield',
      many: 'broad fields of study',
      table: 'immigration_broad_field',
      name: 'BroadField',
      fields: { name: required(text({ min: 1, max: 100 })) },
      output: { name: Type.String({ maxLength: 100 }) },
      columns: {},
      order: { by: sql`r.name, r.id DESC` },
      uniqueName: true,
    }),
    route({
      method: 'GET',
      path: `${PATH}:id/narrow-fields/`,
      tag,
      summary: 'The narrow fields of a broad one, by name.',
      policy: signedIn,
      response: Type.Array(IdName),
      errors: [403, 404],
      handler: async ({ context, params }) => {
        const id = pathId(params.id, thing);
        return await database.tenantTransaction(context, (transaction) => narrowFieldsOf(transaction, id));
      },
    }),
  ];
}

const NARROW = columnsOf('immigration_narrow_field', IdName, {});

/** Returns the narrow fields of a broad field. @throws HttpError 404 when there is no such broad field */
function narrowFieldsOf(transaction: TenantTransaction, id: number): Pending<IdName[]> {
  const broad = transaction.send(
    sql`SELECT FROM immigration_broad_field WHERE id = ${id} AND deleted_at IS NULL`,
  );
  const narrow = transaction.send(
    select(
      NARROW,
      sql`FROM immigration_narrow_field r
          WHERE r.broad_field_id = ${id} AND r.deleted_at IS NULL ORDER BY r.name, r.id DESC`,
    ),
  );
  return broad.and(narrow).map(([[field], fields]) => {
    if (!field) throw notFound(thing);
    return fields;
  });
}
