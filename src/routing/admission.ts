import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Authentication, SignedIn } from '../auth/authentication.js';
import type { Config } from '../config/config.js';
import { TenantMovingError } from '../database/tenant-fault.js';
import type { TenantContext } from '../database/tenant-transaction.js';
import { IT_IS_MOVING } from '../database/tenant-trouble.js';
import type { Cors } from '../http/cors.js';
import {
  detailError,
  HttpError,
  permissionDenied,
  TenantOutOfOrderError,
  textError,
  throwLater,
} from '../http/errors.js';
import { QueryParameters } from '../http/fields/query-parameters.js';
import { REQUEST_ID } from '../http/request-id.js';
import { onResponseEnd } from '../http/response-end.js';
import type { ProxySpan } from '../http/trace-context.js';
import { hasSeveralHosts, hostName, isAllowedHost } from '../tenancy/host.js';
import type { Tenant, Tenants } from '../tenancy/tenants.js';
import type { OperatorAuthentication } from './operator-route.js';
import { optionsAnswer, type PathEntry, type PathTable } from './path-table.js';
import { allows, allowsOperator } from './policy.js';
import type { Quotas } from './quotas.js';
import { placeOf } from './request-spans.js';
import type { RouteDefinition, TenantRequest } from './route.js';

export interface AdmissionParts {
  readonly config: Config;
  readonly tenants: Tenants;
  readonly authentication: Authentication;
  readonly operators: OperatorAuthentication;
  readonly cors: Cors;
  readonly paths: PathTable;
  readonly quotas: Quotas;
  /** Reads a client's address, and the id that a trusted proxy has given the request. */
  readonly addressOf: (request: IncomingMessage) => string;
  readonly proxyIdOf: (request: IncomingMessage) => string | undefined;
  readonly proxySpanOf: (request: IncomingMessage) => ProxySpan | undefined;
}

/**
 * Security headers of every answer. API answers are data: nothing in them may run, be framed or be sniffed as another
 * type, and no cache may keep it: nearly all of them show personal data or tokens. A route for what anybody may keep sets
 * its own `cache-control`. (Constants, because building them per request cost more than all of routing.)
 */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
};

const API_VARY = 'Accept, origin';
const PAGE_VARY = 'origin';
const NO_PARAMETERS = {};
/** Stands for a tenant's schema where the requests of operators are counted; no schema has such a name. */
const OPERATORS_SHARE = 'operators of the platform';

/**
 * The checks before a route, in the contract's order: host, missing slash, Accept, token, method, permission; body and
 * record come later.
 */
export class Admission {
  readonly #bareHosts: ReadonlySet<string>;

  constructor(private readonly parts: AdmissionParts) {
    this.#bareHosts = new Set(['localhost', '127.0.0.1', '[::1]', parts.config.baseDomain]);
  }

  /** Admits a request to its route, or answers it: the first hook of every request. */
  async admit(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { config, cors, paths, addressOf, proxyIdOf } = this.parts;
    const { origin: page } = request.headers;
    reply.headers(SECURITY_HEADERS).header('vary', PAGE_VARY).header(REQUEST_ID, request.id);
    // A proxy may pass on what its client has sent, which can be anything.
    const protocol = request.protocol === 'https' ? 'https' : 'http';
    if (config.useHttps && protocol === 'https')
      reply.header('strict-transport-security', 'max-age=31536000; includeSubDomains');
    if (hasSeveralHosts(request.raw.rawHeaders))
      throw detailError(400, 'The request has more than one Host header.');
    if (request.method === 'OPTIONS' && request.headers['access-control-request-method']) {
      return reply.headers(cors.preflight(page)).header('content-length', '0').code(200).send();
    }
    const shared = cors.headers(page);
    if (shared) reply.headers(shared);

    const matched = request.routeOptions.config;
    const path = request.url.split('?', 1)[0] as string;
    // A path without parameters is itself for every method: DELETE `clients/stage-counts/` does not mean a client. (To
    // the router an empty id matches too; here `clients//` is no path at all.)
    const routed = matched.definition && !path.includes('//') ? matched.entry : paths.find(path);
    const entry = paths.literal(path) ?? routed;
    const definition = entry === matched.entry ? matched.definition : undefined;
    const slashless = entry ? undefined : paths.find(`${path}/`);
    const about = (entry ?? slashless)?.routes[0]; // tells what kind of path this is
    const tenant = await this.#tenantOf(request, about);
    const isOurs = tenant !== null || this.#bareHosts.has(hostName(request.host) ?? '');
    if (config.useHttps && protocol === 'http' && isOurs && !about?.isProbe) {
      return reply.code(301).header('location', `https://${request.host}${request.url}`).send();
    }
    if (slashless) return this.#addSlash(request, reply, path);
    if (!entry) throw detailError(404, 'Not found.');
    if (!about?.page) this.#negotiate(request, reply, entry);
    if (about?.hosts === 'platform' && !entry.isPublic)
      return await this.#admitOperator(request, reply, definition, entry, protocol);

    // Set before the log-in is checked, for what is logged of requests without one.
    const logContext: FastifyRequest['logContext'] = tenant && {
      tenant: tenant.schema,
      user: undefined,
      proxyReqId: proxyIdOf(request.raw),
    };
    request.logContext = logContext;
    const signedIn = await this.#signedIn(request, definition, entry, tenant);
    if (logContext) logContext.user = signedIn?.user.id;
    if (signedIn && tenant) {
      try {
        const share = this.parts.quotas.enter(tenant.schema, signedIn.user.id, definition?.load);
        request.share = share;
        if (share) onResponseEnd(reply.raw, request.raw.socket, () => share.release());
      } catch (error) {
        await throwLater(error);
      }
    }
    if (!definition) return this.#otherMethod(request, reply, entry);
    if (!allows(definition.policy, signedIn?.user ?? null, request.params)) throw permissionDenied();
    const origin = `${config.useHttps ? 'https' : protocol}://${request.host}`;
    request.admitted = admitted(request, definition, tenant, signedIn, {
      address: addressOf(request.raw),
      origin,
      trace: placeOf(request, this.parts.proxySpanOf),
    });
    return undefined;
  }

  /**
   * Finds the tenant of the request's host.
   * @throws HttpError 404 where the host belongs to none, 403 where its tenant is suspended, 503 where it is out of
   * order
   */
  async #tenantOf(request: FastifyRequest, about: RouteDefinition | undefined): Promise<Tenant | null> {
    if (about?.isProbe) return null; // answers on any host, even without the database
    const host = hostName(request.host);
    const allowed = host !== null && isAllowedHost(host, this.parts.config.allowedHosts);
    if (about?.hosts === 'platform') {
      if (allowed && this.#bareHosts.has(host)) return null;
      throw detailError(404, 'Not found.');
    }
    const tenant = allowed ? await this.parts.tenants.byHost(host) : null;
    if (tenant && !tenant.usable) throw permissionDenied('This account is not active.');
    if (tenant?.trouble === IT_IS_MOVING) throw new TenantMovingError(tenant.schema);
    if (tenant?.trouble) throw new TenantOutOfOrderError(tenant.schema, tenant.trouble);
    if (tenant || about?.hosts === 'any') return tenant;
    if (about?.hosts === 'bare' && allowed && this.#bareHosts.has(host)) return null;
    throw detailError(404, 'Not found.');
  }

  #addSlash(request: FastifyRequest, reply: FastifyReply, path: string): FastifyReply {
    const search = request.url.slice(path.length);
    return reply.code(301).header('location', `${path}/${search}`).send();
  }

  #negotiate(request: FastifyRequest, reply: FastifyReply, entry: PathEntry): void {
    reply.header('vary', API_VARY).header('allow', entry.allow);
    if (entry.routes[0]?.negotiates === false || acceptsJson(request.headers.accept)) return;
    throw detailError(406, 'Could not satisfy the request Accept header.');
  }

  async #signedIn(
    request: FastifyRequest,
    definition: RouteDefinition | undefined,
    entry: PathEntry,
    tenant: Tenant | null,
  ): Promise<SignedIn | null> {
    const isPublic = definition ? definition.policy.kind === 'public' : entry.isPublic;
    if (isPublic || !tenant) return null;
    const { authorization } = request.headers;
    const { authentication } = this.parts;
    if (!entry.routes[0]?.tokenInQuery) return await authentication.authenticate(authorization, tenant);
    try {
      return await authentication.authenticate(authorization ?? headerFromQuery(request), tenant);
    } catch (error) {
      if (!(error instanceof HttpError) || error.status !== 401) throw error;
      const answer = textError(401, (error.body as { detail: string }).detail, error.headers);
      throw Object.assign(answer, { cause: error });
    }
  }

  /** Admits a request to a route of operators, by the same checks in the same order. */
  async #admitOperator(
    request: FastifyRequest,
    reply: FastifyReply,
    definition: RouteDefinition | undefined,
    entry: PathEntry,
    protocol: string,
  ): Promise<unknown> {
    const { config, operators, quotas, addressOf } = this.parts;
    const isPublic = definition?.policy.kind === 'public';
    const signedIn = isPublic ? null : await operators.authenticate(request.headers.authorization);
    if (signedIn) {
      try {
        const share = quotas.enter(OPERATORS_SHARE, signedIn.operator.id, definition?.load);
        request.share = share;
        if (share) onResponseEnd(reply.raw, request.raw.socket, () => share.release());
      } catch (error) {
        await throwLater(error);
      }
    }
    if (!definition) return this.#otherMethod(request, reply, entry);
    if (!signedIn || !allowsOperator(definition.policy, signedIn.operator.role)) throw permissionDenied();
    request.operator = {
      ...signedIn,
      params: request.params as Record<string, string>,
      query: new QueryParameters(request.query as Record<string, string>, definition.query ?? NO_PARAMETERS),
      origin: `${config.useHttps ? 'https' : protocol}://${request.host}`,
      ip: addressOf(request.raw),
      raw: request,
    };
    return undefined;
  }

  #otherMethod(request: FastifyRequest, reply: FastifyReply, entry: PathEntry): FastifyReply {
    reply.header('allow', entry.allow);
    if (request.method === 'OPTIONS') return reply.send(optionsAnswer(entry));
    throw new HttpError(405, { detail: `Method "${request.method}" not allowed.` });
  }
}

const NOBODY = { user: null, issuedAt: null, expiresAt: null, sessionId: null };

function admitted(
  request: FastifyRequest,
  { method, query = NO_PARAMETERS, bounds, fromReplica }: RouteDefinition,
  tenant: Tenant | null,
  signedIn: SignedIn | null,
  {
    address,
    origin,
    trace,
  }: Pick<TenantRequest, 'origin'> & Pick<TenantContext, 'trace'> & { readonly address: string },
): TenantRequest {
  const { user, issuedAt, expiresAt, sessionId } = signedIn ?? NOBODY;
  return {
    tenant,
    user,
    issuedAt,
    expiresAt,
    sessionId,
    context: {
      schema: tenant?.schema ?? '',
      userId: user?.id ?? null,
      source: `${address} ${request.id} ${request.headers['user-agent'] ?? ''}`,
      bounds,
      trace,
      // What another method changes is noted, so that the user sees it.
      reads: method !== 'GET' ? undefined : fromReplica ? 'replica' : 'primary',
    },
    params: request.params as Record<string, string>,
    query: new QueryParameters(request.query as Record<string, string>, query),
    origin,
    ip: address,
    raw: request,
  };
}

/** Returns the Authorization header that the token in the query stands for. */
function headerFromQuery(request: FastifyRequest): string | undefined {
  const given = (request.query as Record<string, string | string[] | undefined>).token;
  const token = Array.isArray(given) ? given.at(-1) : given;
  return token ? `Bearer ${token}` : undefined;
}

/** Returns the media types of an Accept header, in lower case, without those that it rejects (`q=0`). */
export function acceptedTypes(header: string | undefined): string[] {
  return (header ?? '').split(',').flatMap((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const refused = parameters.some((parameter) => /^q=0(\.0{0,3})?$/.test(parameter));
    return refused || type === '' ? [] : [type];
  });
}

const JSON_RANGES = new Set(['*/*', 'application/*', 'application/json']);

/** Returns whether an Accept header allows JSON; a missing or empty one allows anything. */
function acceptsJson(header: string | undefined): boolean {
  if (!header?.trim() || header === '*/*' || header === 'application/json') return true;
  return acceptedTypes(header).some((type) => JSON_RANGES.has(type));
}
