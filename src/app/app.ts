import '../routing/fastify-types.js';
import type { RequestListener } from 'node:http';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Logger } from 'pino';
import { Authentication } from '../auth/authentication.js';
import { passwordWork } from '../auth/password-work.js';
import { SessionUse } from '../auth/session-use.js';
import type { Config } from '../config/config.js';
import { consoleRoutes } from '../console/routes.js';
import type { Notices } from '../database/cell-listeners.js';
import type { Database } from '../database/database.js';
import type { Listener } from '../database/listener.js';
import { sql } from '../database/sql.js';
import { logRequests } from '../http/access-log.js';
import { registerBodyParsers } from '../http/body-parsers.js';
import { addressReader } from '../http/client-address.js';
import { Cors } from '../http/cors.js';
import type { Door } from '../http/door.js';
import { handleError } from '../http/error-handler.js';
import { detailError } from '../http/errors.js';
import { newRequestId, proxyIdReader } from '../http/request-id.js';
import { serializerFor } from '../http/serializer.js';
import { type ConnectionTimes, createLimitedServer } from '../http/server.js';
import { proxySpanReader } from '../http/trace-context.js';
import { agencySettingsRoutes } from '../immigration/agency-settings/routes.js';
import { tenantRoutes } from '../immigration/agency-settings/tenant-routes.js';
import { auditRoutes } from '../immigration/audit/routes.js';
import { liveImports } from '../immigration/client-imports/live-source.js';
import { clientImportRoutes } from '../immigration/client-imports/routes.js';
import { deadlineRoutes } from '../immigration/deadlines/routes.js';
import { deliveryRoutes } from '../immigration/deliveries/routes.js';
import { liveNotifications } from '../immigration/notifications/live-source.js';
import { streamRoute } from '../immigration/notifications/stream-route.js';
import { personalDataRoutes } from '../immigration/personal-data/routes.js';
import { reportRoutes } from '../immigration/reports/routes.js';
import { resourceRoutesOf } from '../immigration/resources.js';
import { searchRoutes } from '../immigration/search/routes.js';
import { secondFactorRoutes } from '../immigration/second-factor/routes.js';
import { secondFactorTokenRoutes } from '../immigration/second-factor/token-routes.js';
import { securityLogRoutes } from '../immigration/security-log/routes.js';
import { passwordRoutes } from '../immigration/sessions/password-routes.js';
import { sessionRoutes } from '../immigration/sessions/routes.js';
import { tokenRoutes } from '../immigration/sessions/token-routes.js';
import { starterCatalogueRoutes } from '../immigration/starter-catalogues/routes.js';
import { webhookRoutes } from '../immigration/webhooks/routes.js';
import { type HubOptions, StreamHub } from '../live/hub.js';
import { hubsOfCells } from '../live/hubs.js';
import type { Metrics } from '../metrics/metrics.js';
import { operatorsApi } from '../operators/api.js';
import type { Lifecycle } from '../platform/lifecycle.js';
import { openLog } from '../platform/log.js';
import { Admission } from '../routing/admission.js';
import { apiRootRoute } from '../routing/api-root.js';
import { databaseChecks } from '../routing/database-checks.js';
import { healthRoute } from '../routing/health.js';
import { healthProbes } from '../routing/health-probes.js';
import { KeptAnswers } from '../routing/kept-answers.js';
import { collectRoutes, openapiDocument } from '../routing/openapi/document.js';
import { homeRoute } from '../routing/openapi/home.js';
import { documentationRoutes } from '../routing/openapi/routes.js';
import { PathTable, repairUrl } from '../routing/path-table.js';
import { Quotas } from '../routing/quotas.js';
import { type CheckTimes, readiness } from '../routing/readiness.js';
import { Refusals } from '../routing/refusals.js';
import { registerRoutes } from '../routing/register-routes.js';
import { recordRequests } from '../routing/request-spans.js';
import type { RouteDefinition } from '../routing/route.js';
import { logSlowRequests } from '../routing/slow-requests.js';
import { tlsAskRoute } from '../routing/tls-ask.js';
import { MediaStore } from '../storage/media-store.js';
import { mediaRoutes } from '../storage/routes.js';
import { SignedUrls } from '../storage/signed-urls.js';
import { KnownDomains } from '../tenancy/known-domains.js';
import { Tenants } from '../tenancy/tenants.js';
import { accountServices } from './account-services.js';
import type { AppCells } from './cells.js';

export interface AppParts {
  readonly config: Config;
  readonly database: Database;
  readonly listener: Listener;
  /** The connections to further cells, if there are any. */
  readonly cells?: Pick<AppCells, 'databases' | 'listeners'> | undefined;
  /** Options of live streams that differ from the defaults. */
  readonly live?: HubOptions;
  /** Times after which connections are given up, where they differ from the defaults. */
  readonly times?: Partial<ConnectionTimes>;
  /** Milliseconds before which no request for a new password is answered, where they differ from the default. */
  readonly resetsAnsweredAfterMs?: number;
  /** The metrics of requests, connections and streams. */
  readonly metrics?: Metrics | undefined;
  /** Times of the check whether the database can write, where they differ from the defaults. */
  readonly writeChecks?: Partial<CheckTimes>;
  /** The listening socket, where it is older than the application; by default the framework makes one. */
  readonly door?: Door;
  /** The phase of the process, for /health/ready; always running if not given. */
  readonly lifecycle?: Pick<Lifecycle, 'phase'>;
  /** The log for failures; stdout if not given. */
  readonly log?: Logger;
}

export interface App {
  readonly server: FastifyInstance;
  /** All routes that are served on tenants' hosts, for tests that go over them. */
  readonly routes: readonly RouteDefinition[];
  /** All routes of the operators' API. */
  readonly operatorRoutes: readonly RouteDefinition[];
  /** Answers a request, for a door. */
  readonly answer: RequestListener;
  /** Ends live streams, and asks their clients to reconnect elsewhere, because the process is about to stop. */
  leave(): Promise<void>;
}

/** The query that every request depends on: finding a tenant by its host. */
const ANY_TENANT = sql`
  SELECT FROM public.tenants_domain JOIN public.tenants_tenant t ON t.id = tenant_id LIMIT 1`;

/** Length from which an answer counts among the bytes that its user has in memory. */
const COUNTED_FROM = 16_384;
const LONGEST_PARAMETER = 16_384; // longer than Node allows a whole request head to be

/**
 * Returns the application: every route, ready to listen or to be injected requests; `start` the listener after this.
 */
export async function buildApp(parts: AppParts): Promise<App> {
  const { config, database, cells, lifecycle = { phase: { kind: 'running' } } } = parts;
  const listener: Notices = cells?.listeners ?? parts.listener;
  let answer: RequestListener = () => undefined;
  const server: FastifyInstance = Fastify({
    loggerInstance: (parts.log ?? openLog(config.logLevel)) as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }), // access-log.ts writes one line instead
    genReqId: newRequestId,
    serverFactory: (listener) => {
      answer = listener;
      if (parts.door) return parts.door.server;
      return createLimitedServer(listener, {
        ...config.limits,
        trustedProxies: config.trustedProxies,
        times: parts.times,
        onRefused: (reason) => server.log.warn({ reason }, 'a connection was refused'),
      });
    },
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    rewriteUrl: ({ url = '/' }) => repairUrl(url),
    routerOptions: { maxParamLength: LONGEST_PARAMETER, caseSensitive: true },
    frameworkErrors: (_error, request, reply) =>
      handleError(detailError(404, 'Not found.'), request as FastifyRequest, reply as FastifyReply),
    return503OnClosing: false, // what arrives while closing is still served
  });

  const onRemark = (tenant: string, remark: string) => server.log.warn({ tenant }, remark);
  const tenants = new Tenants(database, listener, onRemark, cells?.databases);
  const cors = new Cors(config);
  passwordWork.setLimits(config.limits.passwords);
  const accounts = accountServices({
    ...{ config, database, listener, tenants, cors },
    resetsAnsweredAfterMs: parts.resetsAnsweredAfterMs,
  });
  const { keys, tokens, users, factors, own } = accounts;
  const use = new SessionUse(database, (error) => server.log.error({ err: error }, 'use of sessions'));
  server.addHook('onClose', () => use.close());
  const media = new MediaStore(config.mediaDirectory);
  const urls = new SignedUrls(keys);

  const source = { ...liveNotifications, ...liveImports };
  const onError = (error: unknown) => server.log.error({ err: error }, 'live streams');
  const newHub = (listener: Notices) =>
    new StreamHub(
      { database, listener, source, onError },
      { perUser: config.limits.streamsPerUser, ...parts.live },
    );
  const hub = cells ? hubsOfCells(cells, newHub) : newHub(listener);
  parts.metrics?.watchPool('api', database);
  parts.metrics?.watchStreams(() => hub.size);
  parts.metrics?.measureRequests(server);

  const checks = databaseChecks(database, { writes: parts.writeChecks });
  const resources = resourceRoutesOf({ config, database, media, urls, own });
  const operators = operatorsApi({
    ...{ config, database, keys },
    document: () => openapiDocument(server, 'platform'),
  });
  const routes: RouteDefinition[] = [
    ...tokenRoutes(accounts.sessions, factors),
    ...passwordRoutes(accounts.resets, accounts.forcedChange),
    ...secondFactorTokenRoutes(factors),
    ...secondFactorRoutes(database, factors),
    ...sessionRoutes(database, own),
    ...tenantRoutes(),
    ...resources,
    ...clientImportRoutes(database, config.imports),
    ...searchRoutes(database),
    ...deadlineRoutes(database),
    ...auditRoutes(database),
    ...securityLogRoutes(database),
    ...personalDataRoutes(database, media),
    ...starterCatalogueRoutes(database),
    ...agencySettingsRoutes(database, config, tenants, cors),
    ...webhookRoutes(database, config.deliveries.webhooks),
    ...deliveryRoutes(database),
    ...reportRoutes(database),
    streamRoute(hub, config.notificationStreamAllowedOrigin),
    homeRoute(),
    ...(config.console ? consoleRoutes() : []),
    apiRootRoute(resources), // the contract's lists alone
    healthRoute(() => database.publicQuery(ANY_TENANT)),
    ...healthProbes(() => readiness(lifecycle, checks)),
    tlsAskRoute(new KnownDomains(database, listener), config.trustedProxies),
    ...mediaRoutes(media, urls),
    ...documentationRoutes(() => openapiDocument(server)),
  ];

  const served = [...routes, ...operators.routes];
  const paths = new PathTable(served);
  const authentication = new Authentication(tokens, users, use);
  const addressOf = addressReader(config.trustedProxies);
  const proxyIdOf = proxyIdReader(config.trustedProxies);
  const proxySpanOf = proxySpanReader(config.trustedProxies);
  const quotas = new Quotas(config.limits.requests);
  const admission = new Admission({
    config,
    tenants,
    authentication,
    operators: operators.authentication,
    cors,
    paths,
    quotas,
    addressOf,
    proxyIdOf,
    proxySpanOf,
  });
  const refusals = new Refusals(database, { perMinute: config.securityLog.refusalsPerMinute });
  server.decorateRequest('admitted', null);
  server.decorateRequest('operator', null);
  server.decorateRequest('logContext', null);
  server.decorateRequest('share', null);
  server.setValidatorCompiler(() => () => true); // routes parse bodies, in the contract's order
  server.setSerializerCompiler(serializerFor as Parameters<typeof server.setSerializerCompiler>[0]);
  server.setErrorHandler((error: Error, request, reply) => {
    handleError(error, request, reply);
    refusals.note(request, error, reply.statusCode, addressOf(request.raw));
  });
  server.addHook('onSend', (request, _reply, payload, done) => {
    if (typeof payload === 'string' && payload.length > COUNTED_FROM) request.share?.add(payload.length);
    done();
  });
  server.addHook('onClose', () => refusals.record());
  server.addHook('preClose', async () => hub.close()); // streams would keep the server open
  server.addHook('onRequest', (request, reply) => admission.admit(request, reply));
  server.setNotFoundHandler(() => {
    throw detailError(404, 'Not found.');
  });
  if (['info', 'debug', 'trace'].includes(config.logLevel)) logRequests(server, addressOf);
  recordRequests(server, proxySpanOf);
  logSlowRequests(server, config.observability.slow);
  registerBodyParsers(server);
  await collectRoutes(server);
  const answers = config.answers.most > 0 ? new KeptAnswers(database, config.answers) : undefined;
  if (answers) parts.metrics?.watchAnswers(() => answers.figures);
  registerRoutes(server, served, paths, answers);
  await server.ready();
  return { server, routes, operatorRoutes: operators.routes, answer, leave: () => hub.leave() };
}
