import { connect, isIP } from 'node:net';
import type { Config } from '../../config/config.js';
import { type Line, ok, type ProductionCheck, problem, warning } from '../check.js';
import { get } from '../http-get.js';
import { isPublic, ownAddresses, unknownAgencyHost } from '../places.js';
import { addressOf } from '../tls-probe.js';

const FIGURES = /^# HELP leopard_/m;
const EVERYWHERE = new Set(['0.0.0.0', '::']);
/** Maximum number of public addresses that are tried. */
const MOST_TRIED = 8;
const TRIED_FOR_MS = 2_000;

/** Checks that the metrics are served here, and, as far as that can be told, to nobody outside. */
export const monitoringCheck: ProductionCheck = {
  name: 'monitoring',
  async run({ config, signal }) {
    if (config.metrics.port === 0)
      return [
        warning(
          'METRICS_PORT is 0: nobody sees queues, errors and agencies that are out of order',
          'set METRICS_PORT=9464 and scrape it',
        ),
      ];
    const lines = (
      await Promise.all([served(config, signal), openAddresses(config), throughProxy(config, signal)])
    ).flat();
    if (lines.length > 0) return lines;
    return [
      ok(
        `metrics are served at ${config.metrics.host}:${config.metrics.port}, and not outside as far as seen from here`,
      ),
    ];
  },
};

async function served({ metrics }: Config, signal: AbortSignal): Promise<Line[]> {
  const { host, port } = metrics;
  const address = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  try {
    const { status, text } = await get(
      { scheme: 'http', address, port, host: 'localhost', path: '/metrics' },
      signal,
    );
    if (status === 200 && FIGURES.test(text)) return [];
    return [
      problem(
        `something else answers at ${host}:${port} (${status})`,
        'set METRICS_PORT to a port of its own for each process of this machine',
      ),
    ];
  } catch (error) {
    return [
      warning(
        `no metrics are served at ${host}:${port} (${(error as Error).message})`,
        'start leopard serve on this machine and run it again; see its log if it runs',
      ),
    ];
  }
}

/** Finds public addresses at which the port is open. */
async function openAddresses({ metrics, production }: Config): Promise<Line[]> {
  const { host, port } = metrics;
  const listening = (EVERYWHERE.has(host) ? ownAddresses() : [host]).filter(isPublic);
  const named = production.publicAddresses.filter((address) => isIP(address) > 0).slice(0, MOST_TRIED);
  const open = await Promise.all(
    named.map(async (address) => ((await isOpen(address, port)) ? [address] : [])),
  );
  const addresses = [...new Set([...listening, ...open.flat()])];
  if (addresses.length === 0) return [];
  return [
    (open.flat().length > 0 ? problem : warning)(
      `metrics can be read at ${addresses.map((address) => `${address} port ${port}`).join(', ')}, without a log-in`,
      'set METRICS_HOST to 127.0.0.1 or an address of the internal network, or close the port in the firewall',
    ),
  ];
}

function isOpen(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: TRIED_FOR_MS });
    const end = (isConnected: boolean) => {
      socket.destroy();
      resolve(isConnected);
    };
    socket
      .once('connect', () => end(true))
      .once('timeout', () => end(false))
      .once('error', () => end(false));
  });
}

/** Asks for the metrics as anybody in the Internet can. A proxy that is not reached gives none. */
async function throughProxy(config: Config, signal: AbortSignal): Promise<Line[]> {
  if (!config.useHttps) return [];
  const host = unknownAgencyHost(config);
  try {
    const { address, port } = await addressOf(host, config, signal);
    const { text } = await get({ scheme: 'https', address, port, host, path: '/metrics' }, signal);
    if (!FIGURES.test(text)) return [];
  } catch {
    return []; // the check of the certificate says so
  }
  return [
    problem(
      `the proxy gives the metrics to everybody, at https://${host}/metrics`,
      'close the path in the proxy (docs/deployment.md): location = /metrics { return 404; }',
    ),
  ];
}
