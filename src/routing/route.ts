import type { TSchema } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CurrentUser } from '../auth/current-user.js';
import type { TenantContext } from '../database/tenant-transaction.js';
import type { Body, Input, Shape } from '../http/fields/body.js';
import type { QueryParameters } from '../http/fields/query-parameters.js';
import type { Tenant } from '../tenancy/tenants.js';
import type { Policy } from './policy.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a request has once it was admitted to a route of a tenant. */
export interface TenantRequest {
  /** Null only on routes that are served on other hosts too. */
  readonly tenant: Tenant | null;
  /** Null only on public routes. */
  readonly user: CurrentUser | null;
  readonly context: TenantContext;
  /** When the user's token was issued and when it expires, in seconds since 1970; null on public routes. */
  readonly issuedAt: number | null;
  readonly expiresAt: number | null;
  readonly params: Readonly<Record<string, string>>;
  readonly query: QueryParameters;
  /** Scheme, host and port as the client sent them: `http://main.localhost:8000`. */
  readonly origin: string;
  /** The client's address; behind trusted proxies the one that they name. */
  readonly ip: string;
  readonly raw: FastifyRequest;
}

/** The same, of a signed-in user. */
export interface UserRequest extends TenantRequest {
  readonly tenant: Tenant;
  readonly user: CurrentUser;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface RouteDefinition {
  readonly method: Method;
  /** With parameters as `:id`; ends in a slash. */
  readonly path: string;
  /** What the route does, in a few words, for the documentation. */
  readonly summary: string;
  readonly policy: Policy;
  /**
   * Where it is served: on hosts of tenants (if not given), also on the bare hosts, or on any host. Where the host
   * is no tenant's, the handler finds `request.admitted.tenant` null.
   */
  readonly hosts?: 'tenant' | 'bare' | 'any';
  /** A page outside the API: neither negotiates nor names methods. */
  readonly page?: boolean;
  /** False where the answer may be other than JSON. */
  readonly negotiates?: boolean;
  /** False where GET comes without HEAD. */
  readonly head?: boolean;
  /** For clients that cannot set headers: the token may come as `?token=`, and a 401 is `{"error": …}`. */
  readonly tokenInQuery?: boolean;
  /** For the documentation: the query parameters. */
  readonly query?: Readonly<Record<string, TSchema>>;
  /** For the documentation: the headers that it reads. */
  readonly headers?: Readonly<Record<string, TSchema>>;
  /** For the documentation, and the reading of the body where the handler asks for it. */
  readonly body?: Body;
  /** Takes files, so only multipart bodies. */
  readonly upload?: boolean;
  /** Bytes of a file that it takes at most; 5 MB if not given. */
  readonly largestFile?: number;
  /** The answer's status, 200 if not given. 204 has no body. */
  readonly status?: 200 | 201 | 204;
  readonly response?: TSchema;
  /** For answers that are text instead of JSON, or also text where there is a `response`: their media types. */
  readonly produces?: readonly string[];
  /** Further statuses that the documentation names: 400, 404 … */
  readonly errors?: readonly number[];
  /** Further statuses whose body has a form of its own. */
  readonly otherAnswers?: Readonly<
    Record<number, { readonly description: string; readonly schema: TSchema }>
  >;
  readonly tag: string;
  readonly handler: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
}

type Handler<R extends TenantRequest, S extends Shape> = (
  request: R & { readonly input: () => Input<S> },
  reply: FastifyReply,
) => Promise<unknown>;

type Definition<R extends TenantRequest, S extends Shape> = Omit<RouteDefinition, 'handler' | 'body'> & {
  readonly body?: Body<S>;
  readonly handler: Handler<R, S>;
};

/**
 * A route for signed-in users. The body is checked when the handler calls `request.input()`, so that a record that
 * is not there can answer first.
 */
export function route<S extends Shape>(definition: Definition<UserRequest, S>): RouteDefinition {
  return bind(definition as Definition<TenantRequest, S>);
}

/** Returns a route that needs no log-in. */
export function publicRoute<S extends Shape>(definition: Definition<TenantRequest, S>): RouteDefinition {
  return bind(definition);
}

function bind<S extends Shape>(definition: Definition<TenantRequest, S>): RouteDefinition {
  const { body, handler, ...rest } = definition;
  return {
    ...rest,
    ...(body && { body: body as unknown as Body }),
    handler: (request, reply) => {
      const admitted = request.admitted as TenantRequest;
      const input = () => {
        if (!body) throw new Error(`${definition.method} ${definition.path} declares no body`);
        return body.parse(request.body === undefined ? {} : request.body, request.isForm);
      };
      return handler({ ...admitted, input }, reply);
    },
  };
}
