import { execFile, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { tryPort } from '../../src/platform/try-port.js';
import { selfSigned } from './certificates.js';

const run = promisify(execFile);
const PROGRAM = ['/usr/sbin/nginx', '/usr/bin/nginx', '/opt/homebrew/bin/nginx'].find((path) =>
  existsSync(path),
);
const STARTS_WITHIN_MS = 60_000;
const FILES = join(PACKAGE_ROOT, 'deployment', 'nginx');

export const hasNginx = PROGRAM !== undefined;
export const NO_NGINX = 'nginx is not installed (apt-get install nginx); its tests are skipped';

export interface NginxOptions {
  /** The BASE_DOMAIN, for which it has a certificate, and for all names below it. */
  readonly domain: string;
  /** The API processes, as `host:port` or `unix:/path`. */
  readonly upstreams: readonly string[];
  /** Other agencies' domains, each with a certificate of its own. */
  readonly ownDomains?: readonly string[];
  /** The folder that contains `console/`. */
  readonly siteFolder?: string;
  /** Changes of the files' text. */
  readonly replace?: Readonly<Record<string, string>>;
}

/** nginx with the files of deployment/nginx, on free ports of 127.0.0.1. */
export interface Nginx {
  readonly httpsPort: number;
  readonly httpPort: number;
  /** The certificates, in PEM, which clients must trust. */
  readonly certificates: string;
  /** The folder with its configuration (`nginx.conf`) and its logs (`log/`). */
  readonly folder: string;
  readonly pid: number;
  /** Returns the text of all its logs. */
  logs(): string;
  /** Loads the configuration again, which tests may have changed in `folder`. */
  reload(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts nginx in front of API processes. The caller must stop it. @throws Error with nginx's own words */
export async function startNginx(options: NginxOptions): Promise<Nginx> {
  if (!PROGRAM) throw new Error(NO_NGINX);
  const folder = mkdtempSync(join(tmpdir(), 'leopard-nginx-'));
  try {
    const httpsPort = await tryPort('127.0.0.1', 0);
    const httpPort = await tryPort('127.0.0.1', 0);
    const certificates = await writeFiles(folder, options, { httpsPort, httpPort });
    const command = ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'log', 'error.log')];
    await run(PROGRAM, [...command, '-t', '-q']);
    const child = spawn(PROGRAM, [...command, '-g', 'daemon off;'], { stdio: 'ignore' });
    const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const kill = () => child.kill('SIGTERM');
    process.once('exit', kill);
    const stop = async () => {
      process.off('exit', kill);
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    };
    const logs = () =>
      readdirSync(join(folder, 'log'))
        .map((name) => readFileSync(join(folder, 'log', name), 'utf8'))
        .join('');
    for (const deadline = Date.now() + STARTS_WITHIN_MS; !(await listens(httpsPort)); await sleep(20)) {
      if (child.exitCode !== null || Date.now() > deadline) {
        const said = logs();
        await stop();
        throw new Error(`nginx does not start:\n${said}`);
      }
    }
    const reload = async () => {
      await run(PROGRAM, [...command, '-t', '-q']);
      child.kill('SIGHUP');
    };
    return { httpsPort, httpPort, certificates, folder, pid: child.pid ?? 0, logs, reload, stop };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Returns whether something accepts connections at this port of 127.0.0.1. */
function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
  });
}

async function writeFiles(
  folder: string,
  { domain, upstreams, ownDomains = [], siteFolder, replace = {} }: NginxOptions,
  ports: { readonly httpsPort: number; readonly httpPort: number },
): Promise<string> {
  for (const name of ['conf.d', 'leopard/domains', 'log', 'temp', 'acme'])
    mkdirSync(join(folder, name), { recursive: true });
  // The workers of an nginx that runs as root are another user.
  for (const name of ['', 'conf.d', 'leopard', 'acme']) await run('chmod', ['755', join(folder, name)]);
  const certificates = [await selfSigned(join(folder, 'tls'), [domain, `*.${domain}`])];
  const adapted = (name: string) => {
    let text = readFileSync(join(FILES, name), 'utf8')
      .replace(/^user .*|^.*modules-enabled.*|^.*sites-enabled.*|^\s*listen \[::\].*/gm, '')
      .replaceAll('pid /run/nginx.pid', `pid ${folder}/nginx.pid`)
      .replaceAll('/var/log/nginx/', `${folder}/log/`)
      .replaceAll('/etc/nginx/conf.d/', `${folder}/conf.d/`)
      .replaceAll('/etc/nginx/leopard/', `${folder}/leopard/`)
      .replaceAll('/etc/leopard/tls/', `${folder}/tls/`)
      .replaceAll('/etc/letsencrypt/live/', `${folder}/live/`)
      .replaceAll('/var/www/leopard-acme', `${folder}/acme`)
      .replaceAll('root /srv/leopard;', `root ${siteFolder ?? join(folder, 'nothing')};`)
      .replaceAll('listen 443', `listen 127.0.0.1:${ports.httpsPort}`)
      .replaceAll('listen 80', `listen 127.0.0.1:${ports.httpPort}`)
      .replaceAll('crm.example.com', domain)
      .replace(
        /( {2}server 127\.0\.0\.1:\d+ max_fails=0;\n)+/,
        upstreams.map((upstream) => `  server ${upstream} max_fails=0;\n`).join(''),
      );
    for (const [from, to] of Object.entries(replace)) text = text.replaceAll(from, to);
    return text;
  };
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/temp/${name};\n`,
  );
  writeFileSync(join(folder, 'nginx.conf'), adapted('nginx.conf'));
  writeFileSync(join(folder, 'conf.d', 'leopard.conf'), adapted('leopard.conf'));
  writeFileSync(join(folder, 'conf.d', 'temporary.conf'), temporary.join(''));
  writeFileSync(join(folder, 'leopard', 'site.conf'), adapted('site.conf'));
  for (const own of ownDomains) {
    certificates.push(await selfSigned(join(folder, 'live', own), [own]));
    writeFileSync(
      join(folder, 'leopard', 'domains', `${own}.conf`),
      adapted('own-domain.conf').replaceAll('crm.acme.example', own),
    );
  }
  return certificates.join('');
}
