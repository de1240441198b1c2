import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

/** A tenant for which a command is run, with the variables that name it. */
export interface RunTenant {
  readonly tenant: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The end of a command for one tenant. */
export interface RunResult {
  readonly tenant: string;
  /** Null when a signal ended it, or when it could not be started. */
  readonly exit_code: number | null;
  readonly signal: string | null;
  /** The reason why it could not be started. */
  readonly error: string | null;
  readonly seconds: number;
}

export interface RunSettings {
  readonly environment: NodeJS.ProcessEnv;
  /** Number of commands that run at the same time. */
  readonly parallel: number;
  /** Called with each line of their output. */
  readonly onLine: (tenant: string, line: string, stream: 'stdout' | 'stderr') => void;
}

/** Characters after which a line without an end is passed on in parts. */
const LONGEST_LINE = 65_536;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a command once for each tenant, some at the same time. A signal ends those that run, and no more are started.
 * @param command the program and its arguments; no shell reads them
 * @returns the ends, in the order of the tenants; those that were not started are missing
 */
export async function runAtTenants(
  tenants: readonly RunTenant[],
  [program, ...args]: readonly [string, ...string[]],
  { environment, parallel, onLine }: RunSettings,
): Promise<RunResult[]> {
  const results = new Map<RunTenant, RunResult>();
  const running = new Set<ReturnType<typeof spawn>>();
  const waiting = [...tenants];
  const stops = SIGNALS.map((signal) => {
    const stop = () => {
      waiting.length = 0;
      for (const child of running) child.kill(signal);
    };
    process.on(signal, stop);
    return () => process.off(signal, stop);
  });
  const run = async (one: RunTenant) => {
    const start = performance.now();
    const child = spawn(program, args, {
      env: { ...environment, ...one.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    eachLine(child.stdout, (line) => onLine(one.tenant, line, 'stdout'));
    eachLine(child.stderr, (line) => onLine(one.tenant, line, 'stderr'));
    const ended = await new Promise<Pick<RunResult, 'exit_code' | 'signal' | 'error'>>((resolve) => {
      child.once('error', ({ message }) => resolve({ exit_code: null, signal: null, error: message }));
      child.once('close', (code, signal) => resolve({ exit_code: code, signal, error: null }));
    });
    running.delete(child);
    const seconds = Math.round(performance.now() - start) / 1000;
    results.set(one, { tenant: one.tenant, ...ended, seconds });
  };
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await run(next);
  };
  try {
    await Promise.all(Array.from({ length: Math.min(parallel, tenants.length) }, lane));
  } finally {
    for (const stopListening of stops) stopListening();
  }
  return tenants.flatMap((one) => results.get(one) ?? []);
}

function eachLine(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) onLine(line);
    if (rest.length > LONGEST_LINE) {
      onLine(rest);
      rest = '';
    }
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}
