import { type Static, type TObject, type TProperties, Type } from '@sinclair/typebox';
import { allOf } from '../../database/conditions.js';
import type { Database } from '../../database/database.js';
import { FOREIGN_KEYS } from '../../database/foreign-keys.js';
import { isSameText, isText } from '../../database/same-text.js';
import { type Sql, sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { component } from '../../http/component.js';
import { invalidField, invalidPk } from '../../http/errors.js';
import { body, optional, type Shape } from '../../http/fields/body.js';
import { nullableSchema } from '../../http/fields/field.js';
import { isId } from '../../http/path-id.js';
import { KINDS, type Model } from '../../kinds/kinds.js';
import type { RouteDefinition } from '../../routing/route.js';
import type { Columns, Table } from './columns.js';
import { idFilter } from './filters.js';
import { idOutput, readOnly, relatedOutput, timeOutput } from './output.js';
import { pageOf } from './page-of.js';
import { Records } from './records.js';
import { catalogPolicy } from './resource-policy.js';
import { resourceRoutes } from './resource-routes.js';
import { claimName } from './unique-name.js';

/**
 * A resource of the agency's catalogue: records that all staff choose from, and some maintain. It is nothing but its
 * fields, from which its records and routes are built.
 */
export interface CatalogOptions<S extends Shape, T extends Table, P extends TProperties> {
  /** `/api/v1/institute-locations/` */
  readonly path: string;
  readonly tag: string;
  /** The documentation's singular and plural, where they differ from those of its kind. */
  readonly one?: string;
  readonly many?: string;
  readonly kind: Model;
  /** The kind's table. */
  readonly table: T;
  /** The component of its output: `InstituteLocation`; the bodies are named after it. */
  readonly name: string;
  /** The fields of a body. Related records are named without `_id`; the list is filtered by them. */
  readonly fields: S;
  /** The fields' output; others are read-only. */
  readonly output: P;
  /** The columns of fields that do not have the column's name. */
  readonly columns: Columns<T, Static<CatalogOutput<P>>>;
  /** The list's order, with joins to other tables if needed. */
  readonly order: { readonly by: Sql; readonly join?: Sql };
  /** Whether no two records may have the same `name`, deleted ones included. */
  readonly uniqueName?: true;
}

type Values = Record<string, unknown>;

/** Returns the routes of a catalogue resource: list, create, read, change, and soft deletion. */
export function catalogRoutes<S extends Shape, T extends Table, P extends TProperties>(
  database: Database,
  options: CatalogOptions<S, T, P>,
): RouteDefinition[] {
  const { fields, name, order } = options;
  const output: CatalogOutput<P> = component(name, Type.Object({ ...commonOutput(), ...options.output }));
  const records = new Records({ ...options, output });
  const routes = resourceRoutes(database, { ...options, policy: catalogPolicy(options.kind), output });
  const related = relatedTables(options.table, fields);
  const filters = Object.keys(related);
  const requestName = `${name}Request`;
  const whole = body(requestName, fields);

  const write = async (transaction: TenantTransaction, given: Values, before?: Values): Promise<Values> => {
    await checkRelated(transaction, related, given);
    await checkName(transaction, options, given, before);
    const stored = Object.entries(given).map(([key, value]) => [key in related ? `${key}_id` : key, value]);
    return Object.fromEntries(stored);
  };

  return [
    routes.list(
      async (transaction, _user, page, { query }) => {
        const asked = allOf([
          records.notDeleted,
          ...filters.map((filter) => idFilter(query, filter, `r.${filter}_id`)),
        ]);
        const rows = records.select(sql`${order.join ?? sql``} WHERE ${asked} ORDER BY ${order.by}`);
        return await pageOf(transaction, records.counting(asked), rows, page);
      },
      {
        query: Object.fromEntries(filters.map((filter) => [filter, Type.Integer()])),
        ...(filters.length === 0 && { errors: [404] }),
      },
    ),
    routes.create(whole, async (transaction, user, input) =>
      records.insert(transaction, user, (await write(transaction, input)) as never),
    ),
    routes.read((transaction, _user, id) => records.read(transaction, id)),
    ...routes.change(
      {
        PUT: whole,
        PATCH: body(`Patched${requestName}`, optional(fields)),
      },
      async (transaction, user, id, change) => {
        const before = (await records.lock(transaction, id)) as Values;
        const input = change.read();
        return records.update(transaction, user, id, (await write(transaction, input, before)) as never);
      },
    ),
    routes.remove(async (transaction, user, id) => {
      await records.lock(transaction, id);
      records.delete(transaction, user, id);
    }),
  ];
}

const commonOutput = () => ({
  id: idOutput(),
  deleted_at: nullableSchema(timeOutput()),
  created_at: timeOutput(),
  updated_at: timeOutput(),
  created_by: relatedOutput(readOnly),
  updated_by: relatedOutput(readOnly),
});
type CatalogOutput<P extends TProperties> = TObject<ReturnType<typeof commonOutput> & P>;

/** Returns the tables of related records, by field. */
function relatedTables(table: Table, fields: Shape): Readonly<Record<string, string>> {
  const keys = FOREIGN_KEYS.filter((key) => key.table === table);
  const named = keys.map(({ column, references }) => [column.replace(/_id$/, ''), references] as const);
  return Object.fromEntries(named.filter(([field]) => field in fields));
}

/** Locks the records that a body references. @throws HttpError 400 for one that does not exist, or is deleted */
async function checkRelated(
  transaction: TenantTransaction,
  related: Readonly<Record<string, string>>,
  given: Values,
): Promise<void> {
  const named = Object.entries(related).filter(([field]) => given[field] !== undefined);
  const found = await Promise.all(
    named.map(([field, table]) => {
      const id = given[field] as number;
      const held = sql`SELECT id FROM ${sql.ref(table)} WHERE id = ${id} AND deleted_at IS NULL FOR KEY SHARE`;
      return isId(id) ? transaction.query(held) : [];
    }),
  );
  for (const [index, [field]] of named.entries()) {
    if (found[index]?.length === 0) throw invalidPk(field, given[field]);
  }
}

/** Checks that a name is free. @throws HttpError 400 on `name`, in Django's words, when another record has it */
async function checkName(
  transaction: TenantTransaction,
  { kind, table, uniqueName }: { readonly kind: Model; readonly table: Table; readonly uniqueName?: true },
  { name }: Values,
  before?: Values,
): Promise<void> {
  if (!uniqueName || typeof name !== 'string') return;
  if (before && isSameText(name, String(before.name))) return;
  const taken = sql<boolean>`EXISTS (SELECT FROM ${sql.ref(table)} WHERE ${isText('name', name)})`;
  await claimName(transaction, table, name, taken, () =>
    invalidField('name', `${KINDS[kind].called} with this name already exists.`),
  );
}
