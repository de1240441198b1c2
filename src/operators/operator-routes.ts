import { Type } from '@sinclair/typebox';
import type { Database } from '../database/database.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { component } from '../http/component.js';
import { invalidField, notFound } from '../http/errors.js';
import { body } from '../http/fields/body.js';
import { nullableSchema } from '../http/fields/field.js';
import { boolean } from '../http/fields/scalar.js';
import { choice } from '../http/fields/text.js';
import { pathId } from '../http/path-id.js';
import { operatorRoute } from '../routing/operator-route.js';
import { OPERATOR_ROLES } from '../routing/policy.js';
import type { RouteDefinition } from '../routing/route.js';
import {
  changeOperator,
  LastOwnerError,
  type ListedOperator,
  listedOperator,
  listedOperators,
  MOST_LISTED,
  resetSecondFactor,
} from './administration.js';
import { changingRoute } from './changing-route.js';
import { PLATFORM_PATH } from './path.js';
import { operatorMay } from './rights.js';
import { RoleSchema } from './schemas.js';

const PATH = `${PLATFORM_PATH}operators/`;
const OWN_ROLE = 'You cannot change your own role.';
const OWN_LOG_IN = 'You cannot deactivate yourself.';

const OperatorPatch = body('OperatorPatchRequest', {
  role: choice(OPERATOR_ROLES),
  is_active: boolean(),
});

const OperatorOutput = component(
  'Operator',
  Type.Object({
    id: Type.Integer(),
    username: Type.String(),
    email: Type.String(),
    role: RoleSchema,
    is_active: Type.Boolean(),
    has_second_factor: Type.Boolean(),
    open_sessions: Type.Integer(),
    last_login: nullableSchema(Type.String({ format: 'date-time' })),
  }),
);
const OperatorsOutput = component(
  'OperatorList',
  Type.Object({
    results: Type.Array(OperatorOutput),
    is_cut: Type.Boolean({ description: `whether there are more than ${MOST_LISTED}` }),
  }),
);

/** Returns the routes by which owners see to the other operators. */
export function operatorsRoutes(database: Database): RouteDefinition[] {
  const tag = 'operators';
  const policy = operatorMay('operators.change');
  return [
    operatorRoute({
      method: 'GET',
      path: PATH,
      tag,
      summary: 'The operators, by name, with role, second factor and last log-in.',
      policy: operatorMay('operators.view'),
      response: OperatorsOutput,
      handler: async () => {
        const found = await database.platformTransaction(async (transaction) =>
          transaction.send(listedOperators()),
        );
        return { results: found.slice(0, MOST_LISTED), is_cut: found.length > MOST_LISTED };
      },
    }),
    changingRoute(database, {
      method: 'PATCH',
      path: `${PATH}:id/`,
      tag,
      summary: 'Gives another operator a role, or deactivates or activates it; one owner stays.',
      policy,
      audit: { action: 'operators.change', target: 'operator' },
      body: OperatorPatch,
      response: OperatorOutput,
      errors: [400, 404],
      handler: async (transaction, request, notes) => {
        const found = await readOperator(transaction, request.params.id);
        const { role, is_active } = request.body.read();
        notes.parameters = { role, is_active };
        const isOwn = found.id === request.operator.id;
        if (isOwn && role !== undefined && role !== found.role) throw invalidField('role', OWN_ROLE);
        if (isOwn && is_active === false) throw invalidField('is_active', OWN_LOG_IN);
        try {
          await changeOperator(transaction, found, { role, is_active });
        } catch (error) {
          if (!(error instanceof LastOwnerError)) throw error;
          throw invalidField(role === undefined ? 'is_active' : 'role', `${error.message}.`);
        }
        return await readOperator(transaction, request.params.id);
      },
    }),
    changingRoute(database, {
      method: 'POST',
      path: `${PATH}:id/reset-second-factor/`,
      tag,
      summary: "Removes an operator's second factor and ends all sessions; the next log-in sets up another.",
      policy,
      audit: { action: 'operators.reset-second-factor', target: 'operator' },
      status: 204,
      errors: [404],
      handler: async (transaction, { params }) => {
        resetSecondFactor(transaction, (await readOperator(transaction, params.id)).id);
      },
    }),
  ];
}

async function readOperator(
  transaction: TenantTransaction,
  given: string | undefined,
): Promise<ListedOperator> {
  const [found] = await transaction.query(listedOperator(pathId(given, 'Operator')));
  if (!found) throw notFound('Operator');
  return found;
}
