import type { TSchema } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CurrentUser } from '../auth/current-user.js';
import type { AnswerBounds } from '../database/answer-bounds.js';
import type { TenantContext } from '../database/tenant-transaction.js';
import type { Body, Input, LateInput, Shape } from '../http/fields/body.js';
import type { QueryParameters } from '../http/fields/query-parameters.js';
import type { Tenant } from '../tenancy/tenants.js';
import type { Policy } from './policy.js';
import type { RequestKind } from './quotas.js';
import { boundsOf } from './route-bounds.js';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A request that was admitted to a route of a tenant. */
export interface TenantRequest {
  /** Null only on routes that are served on other hosts too. */
  readonly tenant: Tenant | null;
  /** Null only on public routes. */
  readonly user: CurrentUser | null;
  readonly context: TenantContext;
  /** Times at which the user's token was issued and expires, in seconds since 1970; null on public routes. */
  readonly issuedAt: number | null;
  readonly expiresAt: number | null;
  /** The session's `sid`; null on public routes, and for tokens from before there were sessions. */
  readonly sessionId: string | null;
  readonly params: Readonly<Record<string, string>>;
  readonly query: QueryParameters;
  /** Scheme, host and port as the client sent them: `http://main.localhost:8000`. */
  readonly origin: string;
  /** The client's address; behind trusted proxies the one that they report. */
  readonly ip: string;
  readonly raw: FastifyRequest;
}

/** A request of a signed-in user. */
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
  /** The route's purpose in a few words, for the documentation. */
  readonly summary: string;
  readonly policy: Policy;
  /**
   * Where it is served: on hosts of tenants (default), also on the bare hosts, on any host, or on the bare hosts alone,
   * as what is for operators. On a host of no tenant the handler finds `request.admitted.tenant` null.
   */
  readonly hosts?: 'tenant' | 'bare' | 'any' | 'platform';
  /** The action that it notes in the operators' audit log; every route of operators that changes something has one. */
  readonly audits?: string;
  /** Whether it is a page outside the API, which neither negotiates nor lists methods. */
  readonly page?: boolean;
  /** Whether it tells of the process itself: it answers on any host before a tenant is looked for, by http as well. */
  readonly isProbe?: boolean;
  /** False where the answer may be something other than JSON. */
  readonly negotiates?: boolean;
  /** False where GET comes without HEAD. */
  readonly head?: boolean;
  /** Whether the token may come as `?token=`, for clients that cannot set headers; a 401 is then `{"error": …}`. */
  readonly tokenInQuery?: boolean;
  /**
   * Whether a replica may answer it: it only reads, logs nothing and locks nothing, and what others have changed a moment
   * ago may be missing. Not for what tells of rights or sessions. False by default.
   */
  readonly fromReplica?: boolean;
  /**
   * Whether its answers are kept and given again while nothing that they show has changed. By default those are that a
   * replica may give; such a route only reads, and logs nothing.
   */
  readonly keepsAnswers?: boolean;
  /** The way in which it counts among a user's requests under way: `open` where its answer stays open, `heavy` for seconds of work. */
  readonly load?: RequestKind;
  /** The query parameters, for the documentation. */
  readonly query?: Readonly<Record<string, TSchema>>;
  /** The headers that it reads, for the documentation. */
  readonly headers?: Readonly<Record<string, TSchema>>;
  /** The body, for the documentation and for parsing when the handler asks for it. */
  readonly body?: Body;
  /** Whether it takes files, and so only multipart bodies. */
  readonly upload?: boolean;
  /** The bounds of what it reads from the database; those of `boundsOf` unless given. */
  readonly bounds?: AnswerBounds;
  /** Checks the record before a file is read into memory. @throws HttpError 404, 403 */
  readonly beforeFile?: (request: FastifyRequest) => Promise<unknown>;
  /** Maximum size of a file, in bytes; 5 MB by default. */
  readonly largestFile?: number;
  /** The answer's status, 200 by default. 204 has no body. */
  readonly status?: 200 | 201 | 204;
  readonly response?: TSchema;
  /** The media types of answers that are text instead of JSON, or also text where there is a `response`. */
  readonly produces?: readonly string[];
  /** Further statuses for the documentation: 400, 404 … */
  readonly errors?: readonly number[];
  /** Further statuses whose body has a different form. */
  readonly otherAnswers?: Readonly<
    Record<number, { readonly description: string; readonly schema: TSchema }>
  >;
  readonly tag: string;
  readonly handler: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
}

type Handler<R extends TenantRequest, S extends Shape> = (
  request: R & { readonly body: LateInput<Input<S>> },
  reply: FastifyReply,
) => Promise<unknown>;

type Definition<R extends TenantRequest, S extends Shape> = Omit<RouteDefinition, 'handler' | 'body'> & {
  readonly body?: Body<S>;
  readonly handler: Handler<R, S>;
};

/**
 * Declares a route for signed-in users. The handler reads the body late, with `request.body.read()`, so that a missing
 * record is answered first.
 */
export function route<S extends Shape>(definition: Definition<UserRequest, S>): RouteDefinition {
  return bind(definition as Definition<TenantRequest, S>);
}

/** Declares a route that needs no log-in. */
export function publicRoute<S extends Shape>(definition: Definition<TenantRequest, S>): RouteDefinition {
  return bind(definition);
}

function bind<S extends Shape>(definition: Definition<TenantRequest, S>): RouteDefinition {
  const { body, handler, ...rest } = definition;
  const keepsAnswers = definition.keepsAnswers ?? definition.fromReplica ?? false;
  return {
    ...rest,
    ...(body && { body: body as unknown as Body }),
    keepsAnswers: definition.method === 'GET' && keepsAnswers && definition.response !== undefined,
    bounds: definition.bounds ?? boundsOf(definition),
    handler: (request, reply) => {
      const admitted = request.admitted as TenantRequest;
      const read = () => {
        if (!body) throw new Error(`${definition.method} ${definition.path} declares no body`);
        return body.parse(request.body === undefined ? {} : request.body, request.isForm);
      };
      // Where it is noted what the handler reads, properties must be read by it alone.
      if (admitted.context?.reading)
        return handler(Object.create(admitted, { body: { value: { read } } }), reply);
      return handler({ ...admitted, body: { read } }, reply);
    },
  };
}
