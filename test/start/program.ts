import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { scanLine } from '../helpers/secret-scan.js';

export interface StartOptions {
  /** The working directory: its `.env` and, by default, its data are there. */
  readonly directory: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly user?: { readonly uid: number; readonly gid: number };
  /** The bin/leopard.js of another copy of the program. */
  readonly program?: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const LEOPARD = join(PACKAGE_ROOT, 'bin', 'leopard.js');
const EMBEDDED = join(PACKAGE_ROOT, 'test', 'start', 'embedded-process.ts');

/** Returns whether users other than the owner may enter the project's folder: not below /root, say. */
export function othersMayEnter(): boolean {
  for (let folder = PACKAGE_ROOT; ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) {
      console.log(`tests with other users are left out: only its owner may enter ${folder}`);
      return false;
    }
    if (folder === dirname(folder)) return true;
  }
}

/** Maximum duration of a start, even the first one on a busy machine; in milliseconds. */
const SAYS_WITHIN_MS = 300_000;

/**
 * A process of the program, started as a person starts it: in a process group of its own, with a minimal environment.
 */
export class Program {
  /** The ids of running processes: a failed test may have left some. */
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
      const lines = this.stdout.slice(begun, this.stdout.lastIndexOf('\n') + 1);
      printFailures(lines);
      for (const line of lines.split('\n')) if (line.startsWith('{"level":')) scanLine(line);
    });
    this.#child.stderr?.on('data', (text) => {
      this.stderr += text;
      if (file === process.execPath) scanLine(String(text));
    });
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        Program.running.delete(this.pid);
        resolve({ code, signal });
      });
    });
  }

  /** Starts `leopard …`. */
  static leopard(args: readonly string[], options: StartOptions): Program {
    return new Program(process.execPath, [options.program ?? LEOPARD, ...args], options);
  }

  /** Runs a shell script, which finds the program in $LEOPARD. */
  static shell(script: string, options: StartOptions): Program {
    return new Program('sh', ['-c', script], options);
  }

  /** Starts the embedded server alone; prints `ready` and stops on a signal. */
  static embedded(directory: string, options: Partial<StartOptions> = {}): Program {
    return new Program(process.execPath, ['--import', 'tsx', EMBEDDED, directory], {
      directory: PACKAGE_ROOT,
      ...options,
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Waits for this on stdout; fails when the process ends before. */
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

  /** Sends what Ctrl-C at a terminal does: a signal to the whole group. */
  interrupt(): Promise<Ended> {
    process.kill(-this.pid, 'SIGINT');
    return this.ended;
  }

  kill(signal: NodeJS.Signals): Promise<Ended> {
    this.#child.kill(signal);
    return this.ended;
  }
}

/** Prints the errors of requests in these lines of a log beside the test. */
function printFailures(log: string): void {
  for (const line of log.match(/^\{.*"msg":"request failed".*\}$/gm) ?? []) {
    const { msg, err } = JSON.parse(line) as { msg: string; err?: { stack?: string } };
    console.error(msg, err?.stack ?? '');
  }
}

/** Returns the ids of PostgreSQL's processes that work within this directory. */
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

/** Kills all these processes at once with SIGKILL. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended with the one before.
    }
  }
}

/** Returns the postmaster's process id, from PostgreSQL's own file. */
export function postmasterOf(directory: string): number {
  return Number.parseInt(readFileSync(join(directory, 'data', 'postmaster.pid'), 'utf8'), 10);
}
