import { OPERATOR_ROLES, type OperatorRole, type Policy } from '../routing/policy.js';

/** The rights of operators, each with the lowest role that has it. */
const RIGHTS = {
  'tenants.view': 'reader',
  'tenants.change': 'operator',
  'tenants.delete': 'owner',
  'requests.view': 'reader',
  'events.view': 'reader',
  'events.change': 'support',
  'migrations.view': 'reader',
  'migrations.run': 'operator',
  'audit.view': 'operator',
  'operators.view': 'operator',
  'operators.change': 'owner',
} as const satisfies Readonly<Record<string, OperatorRole>>;

export type Right = keyof typeof RIGHTS;

/** Returns the policy of a route for operators with this right. */
export function operatorMay(right: Right): Extract<Policy, { kind: 'operator' }> {
  return { kind: 'operator', right, lowest: RIGHTS[right] };
}

/** The policy of a route for every operator. */
export const anyOperator: Extract<Policy, { kind: 'operator' }> = {
  kind: 'operator',
  right: null,
  lowest: 'reader',
};

/** Returns the rights of a role. */
export function rightsOf(role: OperatorRole): Right[] {
  const rank = OPERATOR_ROLES.indexOf(role);
  return (Object.keys(RIGHTS) as Right[]).filter((right) => OPERATOR_ROLES.indexOf(RIGHTS[right]) <= rank);
}
