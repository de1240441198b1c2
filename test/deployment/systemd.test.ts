import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// The units of deployment/systemd, as systemd-analyze judges them. test/deployment/install.test.ts runs them.

const ANALYZE = '/usr/bin/systemd-analyze';
const isThere = existsSync(ANALYZE);
if (!isThere)
  console.log('systemd-analyze is not installed (apt-get install systemd); its tests are skipped');

const FOLDER = join('deployment', 'systemd');
const SERVICES = readdirSync(FOLDER).filter((name) => name.endsWith('.service'));

/** The highest exposure that is accepted; 10 is that of a service without any protection. */
const MOST_EXPOSED = 25; // systemd-analyze counts tenths here

describe.skipIf(!isThere)('systemd', () => {
  let units: string;
  beforeAll(() => {
    units = mkdtempSync(join(tmpdir(), 'leopard-units-'));
    cpSync(FOLDER, units, { recursive: true });
    mkdirSync(join(units, 'leopard-api@.service.d'));
    cpSync(join(FOLDER, 'unix-socket.conf'), join(units, 'leopard-api@.service.d', 'unix-socket.conf'));
    for (const name of SERVICES) {
      // Node may lie elsewhere on the machine of the test.
      const unit = readFileSync(join(units, name), 'utf8').replaceAll('/usr/bin/node', process.execPath);
      writeFileSync(join(units, name), unit);
    }
  });
  afterAll(() => rmSync(units, { recursive: true }));

  const analyze = async (...args: string[]) =>
    await promisify(execFile)(ANALYZE, args, {
      env: { SYSTEMD_UNIT_PATH: `${units}:`, PATH: process.env.PATH },
    }).then(
      ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
      ({ code, stdout, stderr }) => ({ code, said: stdout + stderr }),
    );
  const instance = (name: string) => name.replace('@', '@1');

  test('the units are valid', async () => {
    const names = [...SERVICES.map(instance), 'leopard.target'].map((name) => join(units, name));
    for (const template of names.filter((name) => name.includes('@1')))
      cpSync(template.replace('@1', '@'), template);
    const { code, said } = await analyze('verify', '--man=no', ...names);
    // What is said of other units is this machine's concern.
    expect([code, said.split('\n').filter((line: string) => /leopard/.test(line))]).toEqual([0, []]);
  });

  test.each(SERVICES)('%s can do little harm', async (name) => {
    const { code, said } = await analyze(
      'security',
      '--offline=true',
      `--threshold=${MOST_EXPOSED}`,
      '--no-pager',
      join(units, name),
    );
    expect([code, said.match(/Overall exposure level.*/)?.[0]]).toEqual([0, expect.stringContaining('OK')]);
  });
});

test('the heap of each process leaves room within its memory', () => {
  for (const name of SERVICES) {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    const heap = Number(/--max-old-space-size=(\d+)/.exec(text)?.[1]);
    const [, most, unit] = /^MemoryMax=(\d+)([MG])$/m.exec(text)!;
    const memory = Number(most) * (unit === 'G' ? 1024 : 1);
    expect(heap / memory).toBeLessThan(0.6);
  }
});

test('no setting of all processes overrides one that each has of its own', () => {
  for (const name of SERVICES) {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    // EnvironmentFile= counts more than Environment=, and ExecStart= more than both.
    expect([name, text.match(/^Environment=(METRICS_PORT|NODE_OPTIONS)/m)]).toEqual([name, null]);
  }
});

test('no two processes of one machine have the same port', () => {
  const ports = SERVICES.flatMap((name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8').replaceAll('%i', '1');
    return [...text.matchAll(/(?:PORT=|--port )(\d+)/g)].map(([, port]) => port);
  });
  expect(ports.length).toBe(5);
  expect(new Set(ports).size).toBe(5);
});
