import { isIP } from 'node:net';
import { SERVICES, type Service } from './services.js';
import type { SettingsReader } from './settings-reader.js';

/** A number of processes that run the same services. */
export interface ProcessGroup {
  readonly services: ReadonlySet<Service>;
  readonly count: number;
}

/** Facts about the surroundings that the program cannot know; `leopard doctor --production` uses them. */
export interface ProductionSettings {
  /** The public addresses and ranges of the proxy or load balancer in front; none: this machine's own. */
  readonly publicAddresses: readonly string[];
  /** Name servers to ask, such as `1.1.1.1` or `127.0.0.1:5353`, instead of the system's. */
  readonly dnsServers: readonly string[];
  /** The address of the proxy's TLS as seen from this machine; null: each domain's own address, port 443. */
  readonly httpsAddress: { readonly host: string; readonly port: number } | null;
  /** All processes of this database; none: as many as are connected, all with the services of this one. */
  readonly processes: readonly ProcessGroup[];
}

const HTTPS_PORT = 443;
const MOST_PROCESSES = 10_000;

/** Reads what describes the surroundings of the program; errors become problems of `read`. */
export function readProductionSettings(read: SettingsReader): ProductionSettings {
  return {
    publicAddresses: read.addresses('PUBLIC_ADDRESSES'),
    dnsServers: readServers(read),
    httpsAddress: readHttpsAddress(read),
    processes: readProcesses(read),
  };
}

function readServers(read: SettingsReader): string[] {
  const given = read.list('DOCTOR_DNS_SERVERS', []);
  for (const server of given) {
    if (!addressAndPort(server))
      read.problem(
        'DOCTOR_DNS_SERVERS',
        `must hold addresses of name servers such as 1.1.1.1,127.0.0.1:5353, not "${server}"`,
      );
  }
  return given;
}

/** Returns whether a text is an IP address, also with a port as Node takes it: `1.1.1.1:53`, `[::1]:53`. */
function addressAndPort(text: string): boolean {
  if (isIP(text)) return true;
  const [, host = '', port = ''] = /^\[?([^\]]+)\]?:(\d{1,5})$/.exec(text) ?? [];
  return isIP(host) > 0 && isPort(port);
}

function readHttpsAddress(read: SettingsReader): ProductionSettings['httpsAddress'] {
  const given = read.text('DOCTOR_HTTPS_ADDRESS', '');
  if (given === '') return null;
  const [, bracketed, plain, port = String(HTTPS_PORT)] =
    /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(given) ?? [];
  const host = bracketed ?? plain ?? '';
  if (host !== '' && isPort(port)) return { host, port: Number(port) };
  read.problem(
    'DOCTOR_HTTPS_ADDRESS',
    `must be a host, or a host and a port, such as 127.0.0.1:443, not "${given}"`,
  );
  return null;
}

function readProcesses(read: SettingsReader): ProcessGroup[] {
  return read.list('DOCTOR_PROCESSES', []).flatMap((item) => {
    const [, names = '', count = ''] = /^([a-z+]+):(\d{1,5})$/.exec(item) ?? [];
    const services = names.split('+');
    const areKnown = services.every((name) => (SERVICES as readonly string[]).includes(name));
    if (areKnown && Number(count) >= 1 && Number(count) <= MOST_PROCESSES)
      return [{ services: new Set(services as Service[]), count: Number(count) }];
    read.problem(
      'DOCTOR_PROCESSES',
      `must hold services and their number of processes such as api:2,worker+scheduler:1, not "${item}"`,
    );
    return [];
  });
}

function isPort(text: string): boolean {
  return Number(text) >= 1 && Number(text) <= 65_535;
}
