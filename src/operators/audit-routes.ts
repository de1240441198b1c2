import { Type } from '@sinclair/typebox';
import { allOf } from '../database/conditions.js';
import type { Database } from '../database/database.js';
import { type Sql, sql } from '../database/sql.js';
import { component } from '../http/component.js';
import { nullableSchema } from '../http/fields/field.js';
import { operatorRoute } from '../routing/operator-route.js';
import type { RouteDefinition } from '../routing/route.js';
import { keysetAnswer, keysetParameters, keysetSchema, readKeyset } from './keyset.js';
import { PLATFORM_PATH } from './path.js';
import { operatorMay } from './rights.js';

interface AuditRow {
  readonly id: number;
}

const AuditOutput = component(
  'OperatorAuditEntry',
  Type.Object({
    id: Type.Integer(),
    at: Type.String({ format: 'date-time' }),
    operator_id: nullableSchema(Type.Integer()),
    operator: Type.String(),
    action: Type.String(),
    target_kind: Type.String(),
    target_id: Type.String(),
    parameters: Type.Object({}, { additionalProperties: true }),
    outcome: Type.Unsafe<string>({ type: 'string', enum: ['done', 'refused', 'failed'] }),
    address: Type.String(),
    request_id: Type.String(),
  }),
);

const filters = {
  operator: Type.String({ description: 'name of who did it' }),
  action: Type.String({ description: 'such as tenants.suspend' }),
  target: Type.String({ description: 'kind of the target, or kind and id: tenant, tenant:acme' }),
  since: Type.String({ format: 'date-time', description: 'this moment or later' }),
  until: Type.String({ format: 'date-time', description: 'before this moment' }),
};

/** Returns the route of the operators' audit log. */
export function auditRoutes(database: Database): RouteDefinition[] {
  return [
    operatorRoute({
      method: 'GET',
      path: `${PLATFORM_PATH}audit/`,
      tag: 'audit',
      summary: 'What operators have done, newest first.',
      policy: operatorMay('audit.view'),
      query: { ...keysetParameters(), ...filters },
      response: keysetSchema('OperatorAudit', AuditOutput),
      errors: [400],
      handler: async ({ query }) => {
        const page = readKeyset(query);
        const where = allOf([
          page.before === null ? undefined : sql<boolean>`a.id < ${page.before}`,
          textIs('a.operator', query.filterText('operator')),
          textIs('a.action', query.filterText('action')),
          ...targetIs(query.filterText('target')),
          isSince(query.datetime('since')),
          isUntil(query.datetime('until')),
        ]);
        const rows = await database.platformTransaction(async (transaction) =>
          transaction.send(sql<AuditRow>`
            SELECT a.id, a.at, a.operator_id, a.operator, a.action, a.target_kind, a.target_id, a.parameters, a.outcome,
              a.address, a.request_id
            FROM public.operator_audit a WHERE ${where} ORDER BY a.id DESC LIMIT ${page.size + 1}`),
        );
        return keysetAnswer(page, rows);
      },
    }),
  ];
}

type Condition = Sql<boolean> | undefined;

function textIs(column: string, text: string | undefined): Condition {
  return text === undefined ? undefined : sql<boolean>`${sql.ref(column)} = ${text}`;
}

function targetIs(text: string | undefined): Condition[] {
  if (text === undefined) return [];
  const colon = text.indexOf(':');
  if (colon < 0) return [textIs('a.target_kind', text)];
  return [textIs('a.target_kind', text.slice(0, colon)), textIs('a.target_id', text.slice(colon + 1))];
}

const isSince = (at: string | undefined): Condition =>
  at === undefined ? undefined : sql<boolean>`a.at >= ${at}::timestamptz`;
const isUntil = (at: string | undefined): Condition =>
  at === undefined ? undefined : sql<boolean>`a.at < ${at}::timestamptz`;
