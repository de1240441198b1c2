import { Type } from '@sinclair/typebox';
import { branchInScope, type Scope } from '../../auth/scope.js';
import { allOf, holds } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import { isId } from '../../http/path-id.js';
import { STAGES } from './client-fields.js';
import { clientHolds } from './client-text.js';
import { type MomentRange, momentInRange, readMomentRange } from './moment-range.js';
import type { TenantTime } from './tenant-time.js';
import type { TrigramShares } from './trigram-shares.js';

// The filters of lists and exports of clients.

export interface ClientFilters {
  readonly search?: string | undefined;
  readonly email?: string | undefined;
  readonly firstName?: string | undefined;
  readonly lastName?: string | undefined;
  readonly stages?: readonly string[] | undefined;
  readonly active?: boolean | undefined;
  readonly visaCategory?: number | undefined;
  readonly branch?: number | undefined;
  readonly assignedTo?: number | undefined;
  readonly agent?: number | undefined;
  readonly created?: MomentRange | undefined;
  readonly updated?: MomentRange | undefined;
  readonly includeDeleted?: boolean | undefined;
}

const day = (which: string) =>
  Type.String({
    format: 'date',
    description: `this day or ${which}, in the tenant's time zone; or a moment`,
  });

/** The query parameters, for the documentation. */
export const clientFilterParameters = {
  active: Type.Boolean(),
  agent: Type.Integer(),
  assigned_to: Type.Integer({ description: "a user's id" }),
  branch: Type.Integer(),
  created_after: day('later'),
  created_before: day('earlier'),
  email: Type.String(),
  first_name: Type.String(),
  include_deleted: Type.Boolean(),
  last_name: Type.String(),
  search: Type.String(),
  stage: Type.String({
    description: `one of ${[...STAGES].sort().join(', ')}; any other value: an empty list`,
  }),
  updated_after: day('later'),
  updated_before: day('earlier'),
  visa_category: Type.Integer(),
};

/** Parses the filters of a request. @throws HttpError 400 naming the invalid parameter */
export function readClientFilters(query: QueryParameters, time: TenantTime): ClientFilters {
  const range = (moment: string) =>
    readMomentRange(query, time, { from: `${moment}_after`, to: `${moment}_before` });
  return {
    search: query.filterText('search'),
    email: query.filterText('email'),
    firstName: query.filterText('first_name'),
    lastName: query.filterText('last_name'),
    stages: query.choices('stage'),
    active: query.boolean('active'),
    visaCategory: query.integer('visa_category'),
    branch: query.integer('branch'),
    assignedTo: query.integer('assigned_to'),
    agent: query.integer('agent'),
    created: range('created'),
    updated: range('updated'),
    includeDeleted: query.boolean('include_deleted'),
  };
}

/** Returns the condition that a column has this id: false for an impossible id, undefined when none is given. */
export function idIs(column: Sql, id: number | undefined): Sql<boolean> | undefined {
  if (id === undefined) return undefined;
  return isId(id) ? sql`${column} = ${id}::bigint` : sql`false`;
}

/** Returns the conditions that a client, a row `r`, is in scope and passes the filters. */
export function clientConditions(scope: Scope, filters: ClientFilters, shares?: TrigramShares): Sql<boolean> {
  // A text filter on one field uses the index of all, too, which narrows the search down to a few rows.
  const contains = (field: Sql, text: string | undefined) =>
    text !== undefined && sql`${clientHolds(sql`r.id`, text, shares)} AND ${holds(field, text)}`;
  return allOf([
    !filters.includeDeleted && sql`r.deleted_at IS NULL`,
    branchInScope(scope, 'r.branch_id'),
    filters.stages && sql`r.stage = ANY (${filters.stages}::text[])`,
    filters.active !== undefined && sql`r.active = ${filters.active}`,
    idIs(sql`r.visa_category_id`, filters.visaCategory),
    idIs(sql`r.branch_id`, filters.branch),
    idIs(sql`r.assigned_to_id`, filters.assignedTo),
    idIs(sql`r.agent_id`, filters.agent),
    filters.created && momentInRange('r.created_at', filters.created),
    filters.updated && momentInRange('r.updated_at', filters.updated),
    filters.search !== undefined && clientHolds(sql`r.id`, filters.search, shares),
    contains(sql`r.email`, filters.email),
    contains(sql`r.first_name`, filters.firstName),
    contains(sql`r.last_name`, filters.lastName),
  ]);
}

/** The order of the list. */
export const NEWEST_FIRST = sql`r.created_at DESC, r.id DESC`;
