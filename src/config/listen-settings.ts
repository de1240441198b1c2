import type { SettingsReader } from './settings-reader.js';

/** The place where the API listens. */
export type ListenTarget =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  /** A socket file with these permissions. */
  | { readonly kind: 'unix'; readonly path: string; readonly mode: number }
  /** A listening socket that the process was started with, by its descriptor, as systemd passes it, and how many came. */
  | { readonly kind: 'passed'; readonly descriptor: number; readonly count: number };

/** The settings of listening and of its end. */
export interface ListenSettings {
  readonly target: ListenTarget;
  /** Seconds between "not ready" and the end of listening, after SIGTERM. */
  readonly drain: number;
  /** Maximum number of seconds for which requests under way are waited for. */
  readonly finish: number;
}

const UNIX = 'unix:';
/** Maximum length of a socket's path, in bytes: 108 on Linux, 104 elsewhere, with the final zero. */
const LONGEST_PATH = 103;
/** The descriptor of the first socket that systemd passes. */
const FIRST_PASSED = 3;

/**
 * Reads where the API listens; errors become problems of `read`.
 * @param passed the socket that the process was started with, which takes precedence
 */
export function readListenSettings(
  read: SettingsReader,
  {
    host,
    port,
    debug,
    passed,
  }: {
    readonly host: string;
    readonly port: number;
    readonly debug: boolean;
    readonly passed: ListenTarget | null;
  },
): ListenSettings {
  const mode = readMode(read);
  if (passed?.kind === 'passed' && passed.count > 1)
    read.problem(
      'LISTEN_FDS',
      `must be 1, not ${passed.count}: give each process a unit with one ListenStream=`,
    );
  return {
    target: passed ?? (isSocketFile(host) ? readSocketFile(read, host, mode) : { kind: 'tcp', host, port }),
    drain: read.integer('DRAIN_SECONDS', debug ? 0 : 5, { min: 0, max: 300 }),
    finish: read.integer('FINISH_SECONDS', 20, { min: 1, max: 600 }),
  };
}

/** Returns the target as a HOST; empty for a passed socket, which may be reached from anywhere. */
export function hostOf(target: ListenTarget): string {
  if (target.kind === 'passed') return '';
  return target.kind === 'tcp' ? target.host : `${UNIX}${target.path}`;
}

/** Returns whether a HOST is a socket file, which only this machine reaches. */
export function isSocketFile(host: string): boolean {
  return host.startsWith(UNIX);
}

/** Returns the socket that systemd has passed to this very process; null if there is none. */
export function passedSocket({ LISTEN_FDS, LISTEN_PID }: NodeJS.ProcessEnv): ListenTarget | null {
  const isPassed = LISTEN_PID === String(process.pid) && Number(LISTEN_FDS) > 0;
  return isPassed ? { kind: 'passed', descriptor: FIRST_PASSED, count: Number(LISTEN_FDS) } : null;
}

function readSocketFile(read: SettingsReader, host: string, mode: number): ListenTarget {
  const path = host.slice(UNIX.length);
  if (!path.startsWith('/') || Buffer.byteLength(path) > LONGEST_PATH)
    read.problem(
      'HOST',
      `must name a socket file by its absolute path of ${LONGEST_PATH} bytes at most, such as unix:/run/leopard/api.sock, not "${host}"`,
    );
  return { kind: 'unix', path, mode };
}

function readMode(read: SettingsReader): number {
  const mode = read.text('SOCKET_MODE', '660');
  if (!/^[0-7]{3}$/.test(mode)) read.problem('SOCKET_MODE', `must be permissions such as 660, not "${mode}"`);
  return Number.parseInt(mode, 8);
}
