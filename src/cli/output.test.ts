import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cliSurroundings } from '../../test/helpers/cli.js';
import { PACKAGE_ROOT } from '../platform/package-root.js';

const { folder, settings, close } = await cliSurroundings();
afterAll(close);

/** Starts the real program with its output to this stream. */
function start(args: readonly string[], stdout: number | 'pipe') {
  const child = spawn(process.execPath, [join(PACKAGE_ROOT, 'bin', 'leopard.js'), ...args], {
    cwd: PACKAGE_ROOT,
    env: { PATH: process.env.PATH, HOME: folder, ...settings },
    stdio: ['ignore', stdout, 'pipe'],
  });
  if (typeof stdout === 'number') closeSync(stdout);
  const said: Buffer[] = [];
  child.stderr?.on('data', (text: Buffer) => said.push(text));
  const ended = new Promise<{ exitCode: number | null; stderr: string }>((resolve) =>
    child.once('close', (exitCode) => resolve({ exitCode, stderr: Buffer.concat(said).toString() })),
  );
  return { child, ended };
}

/** A device that rejects every write, where the system has it. */
const FULL = '/dev/full';

describe.skipIf(!existsSync(FULL))('output that cannot be written', () => {
  it.each([
    [['tenants', 'list'], 1],
    [['events', 'list', '--json'], 1],
    [['help'], 1],
    [[], 2],
  ])('is a failure and told in one line: %j', async (args, expected) => {
    const { exitCode, stderr } = await start(args, openSync(FULL, 'w')).ended;
    expect([exitCode, stderr]).toEqual([
      expected,
      expect.stringMatching(/^the output could not be written \(ENOSPC: .*\)\n$/),
    ]);
  });

  it('does not matter to a command that says nothing there', async () => {
    const { exitCode, stderr } = await start(['fly'], openSync(FULL, 'w')).ended;
    expect([exitCode, stderr]).toEqual([2, "unknown command 'fly'; see: node bin/leopard.js help\n"]);
  });
});

describe('a reader', () => {
  const longOutput = ['shell', '-c', "console.log('x'.repeat(1_000_000))"];

  it('gets more than fits into a pipe', async () => {
    const { child, ended } = start(longOutput, 'pipe');
    let length = 0;
    child.stdout?.on('data', (text: Buffer) => {
      length += text.length;
    });
    expect(await ended).toEqual({ exitCode: 0, stderr: '' });
    expect(length).toBe(1_000_001);
  });

  it('that goes away is no failure', async () => {
    const { child, ended } = start(longOutput, 'pipe');
    child.stdout?.destroy();
    expect(await ended).toEqual({ exitCode: 0, stderr: '' });
  });
});
