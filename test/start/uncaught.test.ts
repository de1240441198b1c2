import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { settingsFor } from '../helpers/cli.js';
import { type WorkerTest, workerTest } from '../helpers/worker.js';
import { killAll, Program } from './program.js';

/** Loaded into the program: each SIGUSR2 raises an uncaught error, as a rejection and as an exception. */
const RAISING = `
  let raised = 0;
  process.on('SIGUSR2', () => {
    const error = new TypeError('raised ' + raised);
    if (raised++ % 2 === 0) Promise.reject(error);
    else throw error;
  });`;
const METRICS_PORT = 19_000 + (process.pid % 1_000);

let test: WorkerTest;
let folder: string;
let program: Program;

beforeAll(async () => {
  test = await workerTest();
  folder = mkdtempSync(join(tmpdir(), 'leopard-uncaught-'));
  const script = join(folder, 'raising.mjs');
  writeFileSync(script, RAISING);
  const settings = settingsFor(test.databases, folder) as Record<string, string>;
  const environment = {
    ...settings,
    PORT: '1',
    METRICS_PORT: String(METRICS_PORT),
    EMAIL_TRANSPORT: 'off',
    NODE_OPTIONS: `--import ${script}`,
  };
  program = Program.leopard(['serve', '--services', 'worker,scheduler'], { directory: folder, environment });
});
afterAll(async () => {
  killAll([program.pid]);
  await program.ended;
  await test.close();
  rmSync(folder, { recursive: true, force: true });
});

let raised = 0;
/** Raises one more; resolves when the program has met it, since signals that wait are taken for one. */
const raise = async () => {
  process.kill(program.pid, 'SIGUSR2');
  const met = program.said(new RegExp(`"message":"raised ${raised++}"`)).catch(() => undefined);
  await Promise.race([met, program.ended]);
};

it('an uncaught error is logged and counted, and the program goes on', {
  timeout: 60_000,
}, async () => {
  await program.said(/"running worker and scheduler"/);
  await raise();
  await raise();
  await test.sql(`INSERT INTO immigration_client (first_name, gender, country) VALUES ('A', 'MALE', 'NP')`);
  await test.sql('UPDATE immigration_client SET assigned_to_id = 6');
  await test.drained();
  expect(await test.sql('SELECT FROM immigration_notification')).toHaveLength(1);
  const figures = await (await fetch(`http://127.0.0.1:${METRICS_PORT}/metrics`)).text();
  expect(figures).toMatch(/^leopard_uncaught_errors_total\{kind="fault"\} 2$/m);
  for (const n of [0, 1])
    expect(program.stdout).toMatch(new RegExp(`"message":"raised ${n}","stack":"TypeError`));
});

it('one that comes again and again ends it, in order', async () => {
  for (let n = 0; n < 9; n++) await raise();
  expect(await program.ended).toEqual({ code: 1, signal: null });
  expect(program.stderr).toMatch(/^stopped by an uncaught error, which the log shows: TypeError: raised/m);
  expect(await test.sql('SELECT FROM public.event_sleeper')).toEqual([]);
});
