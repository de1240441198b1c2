import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startServer } from '../../src/app/server.js';
import { loadConfig } from '../../src/config/config.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { ROOT } from '../architecture/sources.js';
import { startTestApp, type TestApp } from '../helpers/app.js';

const FILES = join(ROOT, 'deployment/monitoring');
const read = (name: string) => readFileSync(join(FILES, name), 'utf8');

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}
const alerts: Alert[] = parse(read('alerts.yml')).groups.flatMap(({ rules }: { rules: Alert[] }) => rules);
const dashboard = JSON.parse(read('grafana-dashboard.json'));
const expressions: string[] = [
  ...alerts.map(({ expr }) => expr),
  ...dashboard.panels.flatMap(({ targets }: { targets: { expr: string }[] }) =>
    targets.map(({ expr }) => expr),
  ),
];

/** Names of the metrics of a process that serves, those by which histograms are queried included. */
let shown: Set<string>;
let app: TestApp;
let folder: string;

beforeAll(async () => {
  app = await startTestApp();
  folder = await mkdtemp(join(tmpdir(), 'leopard-monitoring-'));
  const settings = { DEBUG: 'true', LOG_LEVEL: 'silent', PORT: '0', LEOPARD_DATA_DIR: folder };
  const metrics = new Metrics(app.database);
  metrics.watchBackups(async () => ({ oldestAge: 1, overdue: 0 }));
  const replica = app.databases.app; // no replica: the figures are there all the same
  const handle = {
    ...app.databases,
    replica,
    kind: 'server' as const,
    ended: new Promise<void>(() => undefined),
  };
  const closing = { close: async () => undefined, abandon: () => undefined };
  const server = await startServer(loadConfig(settings, folder), { ...handle, ...closing }, metrics);
  const text = await metrics.text();
  await server.close();
  shown = new Set();
  for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    shown.add(name!);
    if (type === 'histogram') for (const end of ['bucket', 'sum', 'count']) shown.add(`${name}_${end}`);
  }
});
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

it('rules and dashboard use metrics that a process shows', () => {
  const used = expressions.flatMap((text) => text.match(/\b(?:leopard|nodejs|process)_[a-z\d_]+/g) ?? []);
  expect(new Set(used).size).toBeGreaterThan(15);
  expect([...new Set(used)].filter((name) => !shown.has(name))).toEqual([]);
});

it('each metric of the program is in an alert or on the dashboard', () => {
  const own = [...shown].filter((name) => name.startsWith('leopard_') && !/_(bucket|sum|count)$/.test(name));
  const all = expressions.join('\n');
  expect(own.filter((name) => !all.includes(name))).toEqual([]);
});

it('each alert has its section, which says what to do, and nothing else has', () => {
  const page = readFileSync(join(ROOT, 'docs/observability.md'), 'utf8');
  const sections = page.split('\n## Alerts\n')[1]!.split(/\n## /)[0]!.split('\n### ').slice(1);
  const headings = sections.map((section) => section.split('\n', 1)[0]);
  expect(headings).toEqual(alerts.map(({ alert }) => alert));
  for (const section of sections) expect(section).toMatch(/\nWhat to do when it fires:\n\n1\. \S/);
  for (const { alert, annotations, labels } of alerts) {
    expect(annotations.runbook).toBe(`docs/observability.md#${alert.toLowerCase()}`);
    expect(annotations.summary).not.toBe('');
    expect(['critical', 'warning']).toContain(labels.severity);
  }
});

describe.skipIf(spawnSync('promtool', ['--version']).status !== 0)('promtool', () => {
  const promtool = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: ROOT, encoding: 'utf8' });
    return { status, output: `${stdout}${stderr}` };
  };

  it('accepts the rules, the example of a configuration and all expressions of the dashboard', async () => {
    expect(promtool('check', 'rules', join(FILES, 'alerts.yml'))).toMatchObject({ status: 0 });
    expect(promtool('check', 'config', join(FILES, 'prometheus.yml'))).toMatchObject({ status: 0 });
    const rules = dashboard.panels.flatMap(({ targets }: { targets: { expr: string }[] }) =>
      targets.map(({ expr }, n) => ({ record: `x:${n}`, expr: expr.replaceAll('$__rate_interval', '5m') })),
    );
    const text = JSON.stringify({
      groups: rules.map((rule: object, n: number) => ({ name: `${n}`, rules: [rule] })),
    });
    const file = join(folder, 'dashboard.json');
    writeFileSync(file, text);
    const { status, output } = promtool('check', 'rules', '--lint=none', file);
    expect(status, output).toBe(0);
  });

  it('lets each alert fire for the figures that it is about, and none in ordinary operation', () => {
    const tests = parse(readFileSync(join(ROOT, 'test/observability/alerts-test.yml'), 'utf8')).tests;
    const names = tests.map(({ name }: { name: string }) => name);
    expect(names).toEqual([...alerts.map(({ alert }) => alert), 'ordinary operation']);
    const { status, output } = promtool('test', 'rules', 'test/observability/alerts-test.yml');
    expect(status, output).toBe(0);
  });
});
