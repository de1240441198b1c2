import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Body, Input, LateInput, Shape } from '../http/fields/body.js';
import type { QueryParameters } from '../http/fields/query-parameters.js';
import type { OperatorRole, Policy } from './policy.js';
import type { RouteDefinition } from './route.js';

/** An operator of the platform, who is no user of any tenant. */
export interface Operator {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly role: OperatorRole;
}

/** An operator with a valid token of an open session. */
export interface SignedInOperator {
  readonly operator: Operator;
  /** The id of the session's row. */
  readonly sessionId: number;
}

/** Authenticates requests to operators' routes. */
export interface OperatorAuthentication {
  /** Returns the operator whose access token the Authorization header holds. @throws HttpError 401 */
  authenticate(header: string | undefined): Promise<SignedInOperator>;
}

/** A request that was admitted to a route of operators. */
export interface OperatorRequest extends SignedInOperator {
  readonly params: Readonly<Record<string, string>>;
  readonly query: QueryParameters;
  /** Scheme, host and port as the client sent them. */
  readonly origin: string;
  /** The client's address; behind trusted proxies the one that they report. */
  readonly ip: string;
  readonly raw: FastifyRequest;
}

/** A route's declaration; its path lies below `/api/platform/v1/`. */
export type OperatorDefinition<S extends Shape> = Omit<
  RouteDefinition,
  'handler' | 'body' | 'hosts' | 'policy' | 'bounds' | 'fromReplica' | 'keepsAnswers' | 'tokenInQuery'
> & {
  readonly policy: Extract<Policy, { kind: 'operator' }>;
  readonly body?: Body<S>;
  readonly handler: (
    request: OperatorRequest & { readonly body: LateInput<Input<S>> },
    reply: FastifyReply,
  ) => Promise<unknown>;
};

/**
 * Declares a route for the platform's operators, which is served on the bare hosts alone. A route that changes something
 * is declared by `changingRoute` of src/operators/, which keeps the audit log. The handler reads the body late, with
 * `request.body.read()`.
 */
export function operatorRoute<S extends Shape>(definition: OperatorDefinition<S>): RouteDefinition {
  const { body, handler, ...rest } = definition;
  return {
    ...rest,
    hosts: 'platform',
    ...(body && { body: body as unknown as Body }),
    handler: (request, reply) => {
      const read = () => {
        if (!body) throw new Error(`${definition.method} ${definition.path} declares no body`);
        return body.parse(request.body === undefined ? {} : request.body, request.isForm);
      };
      return handler({ ...(request.operator as OperatorRequest), body: { read } }, reply);
    },
  };
}
