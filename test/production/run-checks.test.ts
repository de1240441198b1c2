import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ok, type ProductionCheck, problem, unknown, warning } from '../../src/production/check.js';
import { forEachInTime } from '../../src/production/in-time.js';
import { runChecks } from '../../src/production/run-checks.js';
import { cliSurroundings, runCommand } from '../helpers/cli.js';
import { connectionsTo } from '../helpers/leaks.js';
import { expectInstruction, goodConfig, told } from './checking.js';

const surroundings = { config: goodConfig(), directory: '/nowhere', database: null };
const check = (
  name: string,
  run: (signal: AbortSignal) => Promise<ReturnType<typeof ok>[]>,
  within?: number,
) => ({ name, run: ({ signal }) => run(signal), ...(within && { within }) }) satisfies ProductionCheck;

describe('checks', () => {
  it('are sorted by gravity, then by their order', async () => {
    const lines = await runChecks(
      [
        check('a', async () => [ok('a1'), unknown('a2', 'see')]),
        check('b', async () => [warning('b1', 'see'), problem('b2', 'see')]),
        check('c', async () => [problem('c1', 'see')]),
      ],
      surroundings,
    );
    expect(lines.map(({ check, text }) => `${check} ${text}`)).toEqual([
      'b b2',
      'c c1',
      'b b1',
      'a a2',
      'a a1',
    ]);
  });

  it('do not end others by failing, or by never ending', async () => {
    const aborted: string[] = [];
    const started = performance.now();
    const lines = await runChecks(
      [
        check('broken', async () => Promise.reject(new Error('out of\npaper'))),
        check('thrown', () => {
          throw new TypeError('no function');
        }),
        check('endless', () => new Promise(() => undefined), 100),
        check('deaf', async (signal) => {
          signal.addEventListener('abort', () => aborted.push('deaf'));
          return await new Promise(() => undefined);
        }),
        check('well', async () => [ok('all is well')]),
      ],
      surroundings,
      { within: 200, atOnce: 2 },
    );
    expect(told(lines)).toEqual([
      ['warning', expect.stringMatching(/^this could not be looked at: out of\?paper; mend/)],
      ['warning', expect.stringMatching(/^this could not be looked at: no function; mend/)],
      ['warning', expect.stringMatching(/within 0\.1 s; run it again/)],
      ['warning', expect.stringMatching(/within 0\.2 s; run it again/)],
      ['ok', 'all is well'],
    ]);
    for (const line of lines) expectInstruction(line);
    expect(aborted).toEqual(['deaf']);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('end together, and name what was not reached', async () => {
    const endless = (name: string) => check(name, () => new Promise(() => undefined));
    const lines = await runChecks([endless('a'), endless('b'), endless('c')], surroundings, {
      atOnce: 1,
      within: 10_000,
      allWithin: 200,
    });
    expect(told(lines)).toEqual([
      ['warning', expect.stringMatching(/within 0\.2 s/)],
      ['unknown', expect.stringMatching(/not reached within the 0\.2 s/)],
      ['unknown', expect.stringMatching(/not reached within the 0\.2 s/)],
    ]);
  });

  it('have ten lines at most, the gravest, and texts of bounded length', async () => {
    const many = Array.from({ length: 500 }, (_, i) =>
      (i === 400 ? problem : warning)(`${i} ${'x'.repeat(9_999)}`, 'see'),
    );
    const lines = await runChecks([check('many', async () => many)], surroundings);
    expect(lines).toHaveLength(10);
    expect(lines[0]?.text).toMatch(/^400 /);
    expect(lines[9]).toMatchObject({ text: 'and 491 more like these', mend: 'see', level: 'warning' });
    expect(Math.max(...lines.map(({ text }) => text.length))).toBeLessThan(1_000);
  });

  it('run a few at once', async () => {
    let [now, most] = [0, 0];
    const each = check('each', async () => {
      most = Math.max(most, ++now);
      await sleep(5);
      now--;
      return [ok('')];
    });
    await runChecks(
      Array.from({ length: 30 }, () => each),
      surroundings,
      { atOnce: 3 },
    );
    expect(most).toBe(3);
  });
});

describe('work for each of many', () => {
  it('is done a few at once, until most of the time is over', async () => {
    let [now, most] = [0, 0];
    const { signal } = new AbortController();
    const { results, left } = await forEachInTime(
      Array.from({ length: 200 }, (_, index) => index),
      { atOnce: 7, until: performance.now() + 1_000, signal },
      async (index, over) => {
        most = Math.max(most, ++now);
        // The first of them are quick, the others end when they are told to.
        await sleep(index < 50 ? 1 : 60_000, undefined, { signal: over }).finally(() => now--);
        return index;
      },
    );
    expect([results.length, left, most, now]).toEqual([50, 150, 7, 0]);
  });

  it('fails with the first failure', async () => {
    const { signal } = new AbortController();
    const work = forEachInTime(
      [1, 2],
      { atOnce: 1, until: performance.now() + 60_000, signal },
      async (item) => {
        throw new Error(`${item} is broken`);
      },
    );
    await expect(work).rejects.toThrow('1 is broken');
  });
});

describe('leopard doctor --production', () => {
  let given: Awaited<ReturnType<typeof cliSurroundings>>;
  beforeAll(async () => {
    given = await cliSurroundings();
  });
  afterAll(() => given?.close());

  interface Shown {
    readonly ok: boolean;
    readonly checks: readonly { readonly check: string; readonly status: string; readonly text: string }[];
  }
  const NETWORK = {
    DOCTOR_DNS_SERVERS: '127.0.0.1:1',
    DOCTOR_HTTPS_ADDRESS: '127.0.0.1:1',
    METRICS_PORT: '1',
  };
  const examine = async (environment: NodeJS.ProcessEnv) => {
    const { exitCode, stdout, stderr } = await runCommand(
      given.settings,
      ['doctor', '--production', '--json'],
      {
        environment: { ...NETWORK, ...environment },
      },
    );
    return { exitCode, stderr, ...(JSON.parse(stdout) as Shown) };
  };

  it('adds its findings to those of doctor, the gravest first, and ends with 1', async () => {
    const { exitCode, ok, checks } = await examine({ DEBUG: 'true' });
    expect([exitCode, ok]).toEqual([1, false]);
    const statuses = checks.map(({ status }) => status);
    const gravity = ['problem', 'warning', 'unknown', 'ok'];
    expect(statuses).toEqual(statuses.toSorted((a, b) => gravity.indexOf(a) - gravity.indexOf(b)));
    expect(checks).toContainEqual(expect.objectContaining({ check: 'debug', status: 'problem' }));
    expect(checks).toContainEqual(expect.objectContaining({ check: 'migrations', status: 'ok' }));
    expect(checks).toContainEqual(expect.objectContaining({ check: 'durability', status: 'problem' }));
    expect(checks.filter(({ text }) => /could not be looked at|not reached/.test(text))).toEqual([]);
    expect(await connectionsTo(given.database.admin, given.database.app.database)).toEqual([]);
  });

  it('is a table whose lines say what to do', async () => {
    const { stdout } = await runCommand(given.settings, ['doctor', '--production'], { environment: NETWORK });
    expect(stdout.split('\n')[0]).toMatch(/^CHECK +STATUS +FINDING$/);
    expect(stdout).toMatch(/^https +problem +USE_HTTPS is off: .*; put a proxy .* set USE_HTTPS=true$/m);
  });

  it('looks at all else where the database does not answer', async () => {
    const url = 'postgres://leopard_app:x@127.0.0.1:1/leopard';
    const { exitCode, checks } = await examine({ DATABASE_URL: url, DATABASE_OWNER_URL: '' });
    expect(exitCode).toBe(1);
    const by = new Map(checks.toReversed().map(({ check, status }) => [check, status]));
    expect([by.get('connection'), by.get('https'), by.get('durability'), by.get('wildcard dns')]).toEqual([
      'problem',
      'problem',
      'unknown',
      'warning',
    ]);
  });
});
