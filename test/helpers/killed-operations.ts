import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import type { OperationPoint } from '../../src/provisioning/operations/points.js';

const PRELOADED = fileURLToPath(new URL('./kill-at-point.mjs', import.meta.url));
const LONGEST_OUTPUT = 100_000;

/** The end of a command that was to be killed. */
export interface KilledCommand {
  /** Whether it reached the point and was killed there. */
  readonly killed: boolean;
  readonly exitCode: number | null;
  /** The end of what it wrote on stdout and stderr. */
  readonly output: string;
}

/** Returns the points of an operation at which a process can be killed: before and after each of its steps. */
export function pointsOf(
  { kind, steps }: { readonly kind: string; readonly steps: readonly { readonly name: string }[] },
  moments: readonly OperationPoint['at'][] = ['before', 'after'],
): OperationPoint[] {
  return steps.flatMap(({ name }) => moments.map((at) => ({ kind, step: name, at })));
}

/**
 * Runs a command in a process of its own, which kills itself with SIGKILL when it reaches the point. Run the command once
 * more afterwards, in a process or with `runCommand`: it carries the operation on.
 * @param settings the environment of the command
 * @param nth how often it has to reach the point
 */
export async function killedAt(
  settings: NodeJS.ProcessEnv,
  args: readonly string[],
  { kind, step, at }: OperationPoint,
  nth = 1,
): Promise<KilledCommand> {
  const leopard = join(PACKAGE_ROOT, 'bin', 'leopard.js');
  const child = spawn(process.execPath, ['--import', PRELOADED, leopard, ...args], {
    env: { PATH: process.env.PATH, ...settings, KILL_AT: `${kind}/${step}/${at}`, KILL_NTH: String(nth) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const collect = (text: Buffer) => {
    output = (output + text.toString()).slice(-LONGEST_OUTPUT);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => resolve({ killed: signal === 'SIGKILL', exitCode, output }));
  });
}
