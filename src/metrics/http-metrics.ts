import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import { Counts, type DurationSeries, Durations } from './series.js';
import { TenantLabels } from './tenant-labels.js';

/** Seconds. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** The route label of requests that match none: their paths are arbitrary. */
const NO_ROUTE = 'none';

/** Measures the requests of a server by route, method and status, and by tenant. Call it before routes are added. */
export function measureRequests(server: FastifyInstance, registry: Registry): void {
  const durations = new Durations(
    registry,
    {
      name: 'leopard_http_request_duration_seconds',
      help: 'Requests by route, method and status; live streams count when they end.',
      labels: ['route', 'method', 'status'],
    },
    BOUNDS,
  );
  // A route's configuration is one object for all its requests, so its series is found without building a text.
  const known = new WeakMap<object, Map<number, DurationSeries>>();
  const countOfTenant = tenantCounter(registry);

  server.addHook('onResponse', (request, reply, done) => {
    const { config, url } = request.routeOptions;
    const { statusCode } = reply;
    const isOwn = url !== undefined && request.method !== 'HEAD'; // it may share the configuration with GET
    let series = isOwn ? known.get(config)?.get(statusCode) : undefined;
    if (!series) {
      series = durations.of(url ?? NO_ROUTE, request.method, String(statusCode));
      if (isOwn) {
        const ofRoute = known.get(config) ?? new Map<number, DurationSeries>();
        known.set(config, ofRoute.set(statusCode, series));
      }
    }
    const seconds = reply.elapsedTime / 1_000;
    series.add(seconds);
    const tenant = request.logContext?.tenant;
    if (tenant !== undefined && config.definition?.load !== 'open') countOfTenant(tenant, seconds);
    done();
  });
}

/** Returns the function that counts a request of a tenant, and the seconds that it took; not for streams. */
function tenantCounter(registry: Registry): (tenant: string, seconds: number) => void {
  const labels = ['tenant'];
  const help = 'Requests of each tenant, without live streams';
  const requests = new Counts(registry, { name: 'leopard_tenant_requests_total', help: `${help}.`, labels });
  const time = new Counts(registry, {
    name: 'leopard_tenant_request_seconds_total',
    help: `${help}: the time that they took, in seconds.`,
    labels,
  });
  const names = new TenantLabels();
  return (tenant, seconds) => {
    const name = names.of(tenant);
    requests.of(name).count++;
    time.of(name).count += seconds;
  };
}
