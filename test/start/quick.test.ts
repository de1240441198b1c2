import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { cliSurroundings, runCommand } from '../helpers/cli.js';
import { leastOf } from '../helpers/processor-time.js';

const LEOPARD = join(PACKAGE_ROOT, 'bin', 'leopard.js');
/** Prints its processor time on stderr at the end, in milliseconds. */
const METER = `data:text/javascript,process.on('exit',()=>{const{user,system}=process.cpuUsage();
  process.stderr.write('cpu '+Math.round((user+system)/1000)+'\\n')})`.replaceAll('\n', '');
/** Prints the loaded modules, one per line. */
const LISTER = `data:text/javascript,import{register}from'node:module';register('data:text/javascript,'+
  encodeURIComponent('import{writeSync}from"node:fs";export async function load(url,context,next)'+
  '{writeSync(2,"load "+url+String.fromCharCode(10));return next(url,context)}'))`.replaceAll('\n', '');

let surroundings: Awaited<ReturnType<typeof cliSurroundings>>;
beforeAll(async () => {
  surroundings = await cliSurroundings();
  expect((await runCommand(surroundings.settings, ['migrate'])).stderr).toBe('');
  await run([LEOPARD, '--version']); // builds what is stale
});
afterAll(() => surroundings?.close());

function run(args: readonly string[], preload?: string): Promise<{ code: number | null; stderr: string }> {
  const { PATH = '' } = process.env;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...(preload ? ['--import', preload] : []), ...args], {
      cwd: surroundings.folder,
      env: { ...surroundings.settings, PATH },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    child.once('close', (code) => resolve({ code, stderr }));
  });
}

/** Returns the processor time of one run, in milliseconds. */
async function processorTime(args: readonly string[]): Promise<number> {
  const { code, stderr } = await run(args, METER);
  expect([code, stderr.replace(/^cpu .*$/m, '').trim()]).toEqual([0, '']);
  return Number(/^cpu (\d+)$/m.exec(stderr)?.[1]);
}

/** Loads two libraries which every command needs: what a start costs at the least, on this machine and at this load. */
const YARDSTICK = ['pg', 'commander'].map((name) => `await import('${import.meta.resolve(name)}');`).join('');
/** `migrate`, the longest, takes 4.5 times as much: 0.2 s on a machine at rest. */
const MOST_TIMES = 6;

/** Commands that ask the database once or not at all, and the longest of those that are run at each upgrade. */
const QUICK = ['--version', 'migrate', 'migrate status', 'showmigrations', 'tenants list', 'events status'];

describe.each(QUICK)('leopard %s', (line) => {
  const command = line.split(' ');

  it('takes little more processor time than its libraries', async () => {
    const ratio = async () => {
      const yardstick = await processorTime(['--input-type=module', '-e', YARDSTICK]);
      return (await processorTime([LEOPARD, ...command])) / yardstick;
    };
    expect(await leastOf(ratio, MOST_TIMES)).toBeLessThan(MOST_TIMES);
  });

  it('loads neither the server nor other commands', async () => {
    const { code, stderr } = await run([LEOPARD, ...command], LISTER);
    const loaded = [...stderr.matchAll(/^load (\S+)$/gm)].map(([, url]) => url as string);
    expect(code).toBe(0);
    expect(loaded.length).toBeGreaterThan(5);
    const others = /node_modules\/(fastify|undici|@sinclair|nodemailer)\/|dist\/(http|immigration|seed)\//;
    expect(loaded.filter((url) => others.test(url))).toEqual([]);
    const commands = /dist\/cli\/(serve|doctor|shell|tenants|events|jobs|seed|webhooks)\.js$/;
    const own = `/dist/cli/${command[0]}.js`;
    expect(loaded.filter((url) => commands.test(url) && !url.endsWith(own))).toEqual([]);
  });
});

it('creating a tenant loads the libraries of neither the server nor its routes', async () => {
  const create = ['tenants', 'create', '--name', 'Quick start', '--tenant', 'quick_start'];
  const { code, stderr } = await run([LEOPARD, ...create], LISTER);
  expect(code).toBe(0);
  expect(stderr).toMatch(/^load \S+\/dist\/provisioning\/create-tenant\.js$/m);
  expect(stderr.match(/node_modules\/(fastify|undici|@sinclair|nodemailer)\/.*/g)).toBeNull();
});
