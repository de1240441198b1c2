import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestApp, type TestApp } from '../../test/helpers/app.js';
import { databaseUrl, runCommand } from '../../test/helpers/cli.js';
import { seedStaff } from '../../test/helpers/staff.js';
import { startServer } from '../app/server.js';
import { withOwner } from '../database/owner.js';
import { Metrics } from '../metrics/metrics.js';
import { type MetricsServer, startMetricsServer } from '../metrics/metrics-server.js';
import { PACKAGE_ROOT } from '../platform/package-root.js';
import { linesOf } from './top-lines.js';
import type { Look } from './top-look.js';

let app: TestApp;
let server: Awaited<ReturnType<typeof startServer>>;
let metrics: MetricsServer;
let settings: NodeJS.ProcessEnv;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  const figures = new Metrics(app.database);
  const handle = {
    kind: 'server' as const,
    app: app.databases.app,
    owner: app.databases.owner,
    ended: new Promise<void>(() => undefined),
    close: async () => undefined,
    abandon: () => undefined,
  };
  server = await startServer({ ...app.config, port: 0 }, handle, figures);
  metrics = await startMetricsServer(figures, { host: '127.0.0.1', port: 0 });
  settings = {
    DATABASE_URL: databaseUrl(app.databases.app),
    SECRET_KEY: app.config.secretKey,
    LEOPARD_DATA_DIR: app.config.dataDirectory,
    METRICS_PORT: String(metrics.port),
  };
});
afterAll(async () => {
  await metrics.close();
  await server.close();
  await app.close();
});

const ask = () => fetch(new URL('/api/v1/clients/', server.address), { headers: { host: 'main.localhost' } });
const own = () => `127.0.0.1:${metrics.port}`;

describe('leopard top', () => {
  it('shows processes, agencies, queues, locks and transactions as JSON', async () => {
    const asking = setInterval(() => void ask().then((answer) => answer.text()), 20);
    try {
      await withOwner(app.databases.admin, async (holder) => {
        await holder.query('BEGIN; LOCK TABLE tenant_main.immigration_agent');
        const waiting = withOwner(app.databases.admin, (client) =>
          client.query('SELECT FROM tenant_main.immigration_agent'),
        );
        await withOwner(app.databases.admin, (client) =>
          client.query(`INSERT INTO public.event_queue
              (schema_name, event_id, event_type, entity_type, entity_id, queued_at)
            VALUES ('tenant_main', 1, 'Client.CREATE', 'Client', 1, now() - interval '90 s')`),
        );
        const { exitCode, stdout, stderr } = await runCommand(settings, ['top', '--json', '--every', '1']);
        await holder.query('COMMIT');
        await waiting;
        expect([exitCode, stderr]).toEqual([0, '']);
        const look: Look = JSON.parse(stdout);
        expect(look.processes).toMatchObject([{ address: own(), problem: null }]);
        const figures = look.processes[0]!.figures!;
        expect(figures.requests).toBeGreaterThan(1);
        expect(figures.p99).toBeGreaterThanOrEqual(figures.p50!);
        expect(figures.memory).toBeGreaterThan(1e7);
        expect(look.database!.waiting).toMatchObject([{ tenant: 'tenant_main', events: 1 }]);
        expect(look.database!.waiting[0]!.oldest).toBeGreaterThan(89);
        expect(look.database!.locks).toMatchObject([{ table: 'tenant_main.immigration_agent' }]);
        expect(look.database!.locks[0]!.blockedBy).toHaveLength(1);
      });
    } finally {
      clearInterval(asking);
    }
  });

  it('says of a process that does not answer why, and goes on with the others', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => {
      silent.listen(0, '127.0.0.1', resolve);
    });
    const { port } = silent.address() as AddressInfo;
    const addresses = `${own()},127.0.0.1:9,127.0.0.1:${port}`;
    const { stdout, exitCode } = await runCommand(settings, [
      'top',
      '--once',
      '--every',
      '1',
      '--metrics',
      addresses,
    ]);
    silent.closeAllConnections();
    silent.close();
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/127\.0\.0\.1:9 +ECONNREFUSED/);
    expect(stdout).toContain(own());
  });

  it.each([
    [['top'], /no terminal; use --once or --json/],
    [['top', '--once', '--every', '0'], /--every takes/],
    [['top', '--once', '--metrics', 'http://x/'], /--metrics takes host:port/],
    [['top', '--once', '--metrics', Array(21).fill('a:1').join()], /20 processes at most/],
  ])('%j is wrong usage', async (args, problem) => {
    expect(await runCommand(settings, args)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(problem),
    });
  });

  it('fits into 80 columns, and shows no control character of somebody else’s', () => {
    const names = 'n'.repeat(100);
    const figures = {
      ...{ requests: 12_345.6, failed: 1_234.5, p50: 2.5, p99: Number.POSITIVE_INFINITY, streams: 12_345 },
      ...{ connections: { open: 200, waiting: 999 }, lag: 12_345, memory: 1e10, processor: 1.5 },
      tenants: [{ tenant: `tenant_${names}`, requests: 1, busy: 0.5 }],
    };
    const lines = linesOf(
      {
        processes: [
          { address: `${names}:9464`, figures, problem: null },
          { address: 'b:1', figures: null, problem: names },
        ],
        database: {
          waiting: [{ tenant: `tenant_${names}`, events: 1e6, oldest: 1e5, deliveries: 1e6 }],
          locks: [
            { pid: 1, user: 'u', application: '\u001b[2Jx', seconds: null, blockedBy: [2], table: names },
          ],
          transactions: [{ pid: null, user: names, application: names, seconds: 1e5, state: 'prepared' }],
          missing: [names],
        },
        databaseProblem: null,
      },
      80,
    );
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.join('')).not.toContain('\u001b');
    expect(lines.join('\n')).toContain('>10000');
    const without = { processes: [], database: null, databaseProblem: 'away' };
    expect(linesOf(without, 80)).toContain('DATABASE: away');
  });
});

describe.skipIf(spawnSync('script', ['--version']).status !== 0)('at a terminal', () => {
  const LEOPARD = join(PACKAGE_ROOT, 'bin', 'leopard.js');
  let child: ChildProcess;
  let shown = '';
  const start = () => {
    shown = '';
    // `script` gives it a terminal of its own.
    child = spawn(
      'script',
      ['-qec', `stty cols 80 rows 24; ${process.execPath} ${LEOPARD} top --every 1`, '/dev/null'],
      {
        env: { PATH: process.env.PATH, TERM: 'xterm', ...settings },
        cwd: app.config.dataDirectory,
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    child.stdout?.on('data', (text) => {
      shown += text;
    });
    return new Promise<number | null>((resolve) => child.once('close', resolve));
  };

  it.each([
    ['q', 'q'],
    ['Ctrl-C', '\u0003'],
  ])('%s ends it and gives the screen back', async (_name, key) => {
    const ended = start();
    await vi.waitFor(() => expect(shown).toContain('PROCESS'), { timeout: 30_000 });
    child.stdin?.write(key);
    expect(await ended).toBe(0);
    expect(shown).toContain('\u001b[?1049h');
    expect(shown.trimEnd().endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
  });
});
