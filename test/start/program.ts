import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';

export interface StartOptions {
  /** Where it is started: its `.env` and, unless set otherwise, its data are there. */
  readonly directory: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Another copy of the program than this project's own: its bin/leopard.js. */
  readonly program?: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const LEOPARD = join(PACKAGE_ROOT, 'bin', 'leopard.js');
const EMBEDDED = join(PACKAGE_ROOT, 'test', 'start', 'embedded-process.ts');

/** Whether users other than the owner may enter the project's folder: not below /root, say. */
export function othersMayEnter(): boolean {
  for (let folder = PACKAGE_ROOT; ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) {
      console.log(`tests with other users are left out: only its owner may enter ${folder}`);
      return false;
    }
    if (folder === dirname(folder)) return true;
  }
}

/** Longer than any start takes, even the first one on a busy machine; in milliseconds. */
const SAYS_WITHIN_MS = 300_000;

/** A process of the program, started as a person starts it: in a group of its own, with a bare environment. */
export class Program {
  /** The numbers of those that still run: a test that failed may have left some. */
  static readonly running = new Set<number>();
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;

  private constructor(file: string, args: readonly string[], { directory, environment, user }: StartOptions) {
    const { PATH = '' } = process.env;
    this.#child = spawn(file, args, {
      cwd: directory,
      env: { PATH, LEOPARD, ...environment },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...user,
    });
    Program.running.add(this.pid);
    this.#child.stdout?.on('data', (text) => {
      const begun = this.stdout.lastIndexOf('\n') + 1;
      this.stdout += text;
      printFailures(this.stdout.slice(begun, this.stdout.lastIndexOf('\n') + 1));
    });
    this.#child.stderr?.on('data', (text) => {
      this.stderr += text;
    });
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        Program.running.delete(this.pid);
        resolve({ code, signal });
      });
    });
  }

  /** `leopard …` */
  static leopard(args: readonly string[], options: StartOptions): Program {
    return new Program(process.execPath, [options.program ?? LEOPARD, ...args], options);
  }

  /** A shell's script, which finds the program in $LEOPARD. */
  static shell(script: string, options: StartOptions): Program {
    return new Program('sh', ['-c', script], options);
  }

  /** The embedded server alone, without the rest of the program; says `ready` and stops when it is signalled. */
  static embedded(directory: string, options: Partial<StartOptions> = {}): Program {
    return new Program(process.execPath, ['--import', 'tsx', EMBEDDED, directory], {
      directory: PACKAGE_ROOT,
      ...options,
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Waits until it has said this on stdout; fails when it ends before. */
  async said(what: RegExp): Promise<RegExpExecArray> {
    let over = false;
    void this.ended.then(() => {
      over = true;
    });
    const late = Date.now() + SAYS_WITHIN_MS;
    for (;;) {
      const found = what.exec(this.stdout);
      if (found) return found;
      if (Date.now() > late) throw new Error(`it did not say ${what}:\n${this.stdout}${this.stderr}`);
      if (over) throw new Error(`it ended without saying ${what}:\n${this.stdout}${this.stderr}`);
      await sleep(10);
    }
  }

  /** What Ctrl-C at a terminal does: the signal goes to the whole group. */
  interrupt(): Promise<Ended> {
    process.kill(-this.pid, 'SIGINT');
    return this.ended;
  }

  kill(signal: NodeJS.Signals): Promise<Ended> {
    this.#child.kill(signal);
    return this.ended;
  }
}

/** Prints the errors of requests that these lines of a log tell of, so that they stand beside the test. */
function printFailures(log: string): void {
  for (const line of log.match(/^\{.*"msg":"request failed".*\}$/gm) ?? []) {
    const { msg, err } = JSON.parse(line) as { msg: string; err?: { stack?: string } };
    console.error(msg, err?.stack ?? '');
  }
}

/** The numbers of PostgreSQL's processes that work within this directory. */
export function postgresOf(directory: string): number[] {
  return readdirSync('/proc')
    .filter((pid) => {
      try {
        return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(`${directory}/`);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** `kill -9` of all these at once. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended with the one before.
    }
  }
}

/** The postmaster's number, from PostgreSQL's own file. */
export function postmasterOf(directory: string): number {
  return Number.parseInt(readFileSync(join(directory, 'data', 'postmaster.pid'), 'utf8'), 10);
}
