import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Config, loadConfig } from '../src/config/config.js';
import { PACKAGE_ROOT } from '../src/platform/package-root.js';
import { ask } from './ask.js';
import type { Watched } from './processes.js';

const LEOPARD = join(PACKAGE_ROOT, 'bin', 'leopard.js');
const READY_WITHIN_MS = 60_000;

/** An instance of the program: its data directory, and its settings, those of production. */
export class Instance {
  readonly environment: Readonly<Record<string, string>>;

  /** @param settings in addition to those, such as another server's */
  constructor(
    readonly directory: string,
    readonly port: number,
    settings: Readonly<Record<string, string>> = {},
  ) {
    const { PATH = '' } = process.env;
    this.environment = {
      PATH,
      LEOPARD_DATA_DIR: directory,
      HOST: '127.0.0.1',
      PORT: String(port),
      DEBUG: 'false',
      // All load comes from one address, and from few users.
      CONNECTIONS_PER_ADDRESS: '0',
      REQUESTS_PER_SECOND_PER_USER: '0',
      REQUESTS_PER_SECOND_PER_TENANT: '0',
      REQUESTS_AT_ONCE_PER_USER: '0',
      REQUESTS_AT_ONCE_PER_TENANT: '0',
      HEAVY_REQUESTS_AT_ONCE_PER_USER: '0',
      HEAVY_REQUESTS_AT_ONCE_PER_TENANT: '0',
      STREAMS_PER_USER: '0',
      ANSWER_CACHE_MB: '0', // what reading costs is measured, not giving the same answer again
      SECRET_KEY: randomBytes(48).toString('base64url'),
      npm_lifecycle_event: 'bench', // should the bench be killed, the program ends too, as under npm
      ...settings,
    };
  }

  get config(): Config {
    return loadConfig(this.environment, this.directory);
  }

  /** The postmaster's process id, from PostgreSQL's own file; null where there is none. */
  get postmaster(): number | null {
    try {
      const file = join(this.directory, 'postgresql', 'data', 'postmaster.pid');
      return Number.parseInt(readFileSync(file, 'utf8'), 10);
    } catch {
      return null;
    }
  }
}

/** Builds whatever is stale, as any command of the program does first. */
export async function build(): Promise<void> {
  await promisify(execFile)(process.execPath, [LEOPARD, 'help']);
}

/** `leopard serve`, as built. */
export class Program {
  readonly #child: ChildProcess;
  readonly #begun = performance.now();
  #output = '';
  #ended = false;

  /** Starts it with these options and settings; `ready` waits for it. */
  constructor(
    private readonly instance: Instance,
    options: readonly string[] = [],
    settings: Readonly<Record<string, string>> = {},
  ) {
    this.#child = spawn(process.execPath, [LEOPARD, 'serve', ...options], {
      cwd: instance.directory,
      env: { ...instance.environment, ...settings },
      detached: true, // Ctrl-C is for the bench, which then stops the program
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (text) => {
        this.#output += text;
      });
    }
    this.#child.once('exit', () => {
      this.#ended = true;
    });
  }

  /**
   * Waits until /health/ answers.
   * @returns the milliseconds since the command
   * @throws Error with its output when it does not start
   */
  async ready(): Promise<number> {
    while (!(await isHealthy(this.instance.port))) {
      const late = performance.now() - this.#begun > READY_WITHIN_MS;
      if (this.#ended || late) throw new Error(`the program did not start:\n${this.#output}`);
      await sleep(5);
    }
    return performance.now() - this.#begun;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get watched(): Watched {
    return { node: this.pid, postmaster: this.instance.postmaster };
  }

  /** Stops it as Ctrl-C would, its database included; does nothing when it has stopped. */
  async stop(): Promise<void> {
    if (this.#ended) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await ended;
  }
}

async function isHealthy(port: number): Promise<boolean> {
  const answer = ask(port, { method: 'GET', path: '/health/', headers: {} });
  return await answer.then(
    ({ status }) => status === 200,
    () => false,
  );
}

/** Returns a port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
