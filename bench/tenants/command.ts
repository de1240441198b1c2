import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Scene, taken } from './scene.js';

/** The cost of a command of the program: milliseconds, and bytes. */
export interface CommandCost {
  readonly elapsed: number;
  /** Processor time of its process, and of PostgreSQL beside it (null where unknown). */
  readonly node: number;
  readonly postgres: number | null;
  /** The most memory that its process had. */
  readonly memory: number;
  readonly output: string;
}

/** Writes what its process has used at the end, for the bench. */
const METER = `data:text/javascript,import{writeFileSync}from'node:fs';process.on('exit',()=>{
  const{userCPUTime,systemCPUTime,maxRSS}=process.resourceUsage();
  writeFileSync(process.env.BENCH_USAGE,JSON.stringify({node:(userCPUTime+systemCPUTime)/1000,memory:maxRSS*1024}))})`.replaceAll(
  '\n',
  '',
);

/**
 * Runs a command of the program to its end.
 * @param leopard the path of bin/leopard.js
 * @throws Error with its output when it fails
 */
export async function runCommand(
  scene: Scene,
  leopard: string,
  args: readonly string[],
): Promise<CommandCost> {
  const usage = join(scene.folder, 'usage.json');
  rmSync(usage, { force: true });
  const { result, elapsed, postgres } = await taken(
    scene,
    () => startCommand(scene, leopard, args, usage).ended,
  );
  if (result.code !== 0) throw new Error(`leopard ${args.join(' ')} failed:\n${result.output}`);
  const used = existsSync(usage)
    ? JSON.parse(readFileSync(usage, 'utf8'))
    : { node: Number.NaN, memory: Number.NaN };
  return { elapsed, postgres, ...used, output: result.output };
}

/** A command that is running. */
export interface RunningCommand {
  readonly ended: Promise<{ code: number | null; output: string }>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts a command of the program. */
export function startCommand(
  scene: Scene,
  leopard: string,
  args: readonly string[],
  usage = join(scene.folder, 'usage-of-killed.json'),
): RunningCommand {
  const { environment, directory } = scene.instance;
  const child = spawn(process.execPath, ['--import', METER, leopard, ...args], {
    cwd: directory,
    env: { ...environment, BENCH_USAGE: usage },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (text) => {
      output = (output + text).slice(-10_000);
    });
  }
  const ended = new Promise<{ code: number | null; output: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, output })),
  );
  const end = () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  };
  scene.workshop.atEnd(end);
  return { ended, kill: (signal) => child.kill(signal) };
}
