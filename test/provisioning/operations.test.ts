import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { listOperations } from '../../src/provisioning/operations/list.js';
import type { Operation, Step, Surroundings } from '../../src/provisioning/operations/operation.js';
import { resumeOperation, runOperation } from '../../src/provisioning/operations/run.js';
import { cliSurroundings, runCommand } from '../helpers/cli.js';

interface Parameters {
  readonly to: string;
  readonly password?: string;
}

interface Notes {
  readonly rows: number;
  readonly place: string;
}

type TestStep = Step<Parameters, Notes, Surroundings>;

let on: Awaited<ReturnType<typeof cliSurroundings>>;
let owner: Surroundings['owner'];
/** What the steps did. */
let happened: string[];

beforeAll(async () => {
  on = await cliSurroundings();
  owner = on.database.owner;
});
afterAll(() => on.close());

beforeEach(async () => {
  happened = [];
  await withOwner(owner, (client) => client.query('TRUNCATE public.tenant_operation'));
});

const step = (name: string, more: Partial<TestStep> = {}): TestStep => ({
  name,
  label: `doing ${name}`,
  run: async () => void happened.push(name),
  ...more,
});
const undoable = (name: string, more: Partial<TestStep> = {}): TestStep =>
  step(name, { undo: async () => void happened.push(`undo ${name}`), ...more });
const failing = (text = 'no room'): Partial<TestStep> => ({
  run: async () => {
    throw new Error(text);
  },
});
const kindOf = (...steps: TestStep[]): Operation<Parameters, Notes, Surroundings> => ({
  kind: 'trial',
  steps,
  secrets: ['password'],
});
const request = { schemas: ['tenant_a', 'tenant_b'] as const, parameters: { to: 'b', password: 'secret' } };
const run = (operation: ReturnType<typeof kindOf>, parameters: Parameters = request.parameters) =>
  runOperation(operation, { owner }, { schemas: ['tenant_a', 'tenant_b'], parameters });
const stored = () =>
  withOwner(owner, async (client) => (await client.query('SELECT * FROM public.tenant_operation')).rows);
const holdBy = (place: string, pid: number, seconds: number) =>
  withOwner(owner, (client) =>
    client.query(
      `UPDATE public.tenant_operation SET state = 'RUNNING', holder = gen_random_uuid(), held_on = $1, held_by_pid = $2,
              held_until = now() + make_interval(secs => $3)`,
      [place, pid, seconds],
    ),
  );

describe('an operation', () => {
  it('runs its steps, keeps what they note, and forgets secrets at its end', async () => {
    const steps: unknown[] = [];
    const operation = kindOf(
      step('first', {
        run: async ({ note, progress }) => {
          progress({ done: 1, total: 2 });
          await note({ rows: 3 });
        },
      }),
      step('second', { run: async ({ notes, note }) => note({ place: `after ${notes.rows}` }) }),
    );
    const notes = await runOperation(
      operation,
      { owner },
      { ...request, schemas: ['tenant_a'] },
      {
        onStep: ({ label, number, steps: all, done, total }) => steps.push([label, number, all, done, total]),
      },
    );
    expect(notes).toEqual({ rows: 3, place: 'after 3' });
    expect(steps).toEqual([
      ['doing first', 1, 2, 0, null],
      ['doing first', 1, 2, 1, 2],
      ['doing second', 2, 2, 0, null],
    ]);
    expect(await stored()).toMatchObject([
      {
        state: 'DONE',
        parameters: { to: 'b' },
        notes,
        holder: null,
        steps_done: ['first', 'second'],
        error: null,
      },
    ]);
  });

  it('is undone when a step fails, and can then be begun anew', async () => {
    const operation = kindOf(undoable('first'), undoable('second', failing()));
    await expect(run(operation)).rejects.toThrow(/^no room$/);
    expect(happened).toEqual(['first', 'undo second', 'undo first']);
    expect(await stored()).toMatchObject([
      { state: 'UNDONE', error: 'no room', steps_done: [], holder: null },
    ]);
    await run(kindOf(step('first'), step('second')));
    expect(await stored()).toHaveLength(2);
  });

  it('waits to be carried on when a step fails from which there is no way back', async () => {
    await expect(
      run(kindOf(undoable('first'), step('second'), undoable('third', failing()))),
    ).rejects.toThrow('trial of a stopped while doing third: no room; carry it on: leopard tenants resume a');
    expect(await listOperations(owner)).toMatchObject([
      { state: 'FAILED', step: 'third', error: 'no room', isRunning: false, stepsDone: ['first', 'second'] },
    ]);
    const { id } = (await listOperations(owner))[0]!;
    const mended = kindOf(undoable('first'), step('second'), undoable('third'));
    await expect(resumeOperation(mended, { owner }, id, { undo: true })).rejects.toThrow(
      'trial cannot be undone any more, since it was doing second; carry it on without --undo',
    );
    happened = [];
    await run(mended, { to: 'b', password: 'another' });
    expect(happened).toEqual(['third']);
  });

  it('can be undone as long as a step says so by what it noted', async () => {
    const canUndo = (notes: Partial<Notes>) => notes.rows === undefined;
    const first = undoable('first', { ...failing(), canUndo });
    await expect(run(kindOf(first))).rejects.toThrow(/^no room$/);
    const noting: TestStep['run'] = async ({ note }) => {
      await note({ rows: 1 });
      throw new Error('no room');
    };
    await expect(run(kindOf({ ...first, run: noting }))).rejects.toThrow(/carry it on/);
  });

  it('stores a note with its transaction or not at all', async () => {
    const noting: TestStep['run'] = ({ inCatalogue, note }) =>
      inCatalogue(async (client) => {
        await note({ rows: 7 }, client);
        throw new Error('rolled back');
      });
    await expect(run(kindOf(step('first', { run: noting })))).rejects.toThrow('rolled back');
    expect(await stored()).toMatchObject([{ notes: {} }]);
  });

  it('excludes others on the same tenants until it is over', async () => {
    await expect(run(kindOf(step('first', failing())))).rejects.toThrow();
    const other = { ...kindOf(step('first')), kind: 'other' };
    const begin = (...schemas: [string]) =>
      runOperation(other, { owner }, { schemas, parameters: { to: 'c' } });
    for (const schema of ['tenant_a', 'tenant_b']) {
      await expect(begin(schema)).rejects.toThrow(
        'an operation on a and b is not finished: trial; carry it on: leopard tenants resume a',
      );
    }
    await begin('tenant_c');
    await expect(run(kindOf(step('first')), { to: 'elsewhere' })).rejects.toThrow('not finished');
    expect(happened).toEqual(['first']);
  });

  it.each([
    ['of another machine', 'elsewhere 1 2', 1, 20, false],
    ['of another machine that has not answered for long', 'elsewhere 1 2', 1, -1, true],
    ['that is alive', null, process.pid, 20, false],
    ['that was killed', null, 2 ** 22 + 1, 20, true],
  ])('cut off is carried on after a process %s: %s', async (_, place, pid, left, isTaken) => {
    await expect(run(kindOf(step('first'), step('second', failing())))).rejects.toThrow();
    const { newHolder } = await import('../../src/provisioning/operations/holder.js');
    await holdBy(place ?? newHolder().place, pid, left);
    happened = [];
    const again = run(kindOf(step('first'), step('second')));
    if (isTaken) await again;
    else await expect(again).rejects.toThrow(/is working on it/);
    expect(happened).toEqual(isTaken ? ['second'] : []);
  });

  it('does not commit what it has when another process has taken it over', async () => {
    const taken: TestStep['run'] = async ({ inCatalogue }) => {
      await holdBy('elsewhere', 1, 20);
      await inCatalogue(async () => void happened.push('changed'));
    };
    await expect(run(kindOf(undoable('first', { run: taken })))).rejects.toThrow(/taken the operation over/);
    expect(happened).toEqual([]);
    expect(await stored()).toMatchObject([{ state: 'RUNNING', held_on: 'elsewhere' }]);
  });

  it('that was being undone is undone to its end before it is begun anew', async () => {
    let broken = true;
    const undo = async () => {
      if (broken) throw new Error('not now');
      happened.push('undo first');
    };
    await expect(run(kindOf(step('first', { undo }), undoable('second', failing())))).rejects.toThrow(
      /carry it on/,
    );
    expect(await stored()).toMatchObject([{ state: 'UNDOING', error: 'not now', holder: null }]);
    broken = false;
    await run(kindOf(step('first', { undo }), undoable('second')));
    expect(happened).toEqual(['first', 'undo second', 'undo second', 'undo first', 'first', 'second']);
    expect((await stored()).map(({ state }) => state)).toEqual(['UNDONE', 'DONE']);
  });

  it('stops when asked to, and is carried on later', async () => {
    const aborter = new AbortController();
    const operation = kindOf(step('first', { run: async () => aborter.abort() }), step('second'));
    await expect(
      runOperation(operation, { owner }, { ...request, schemas: ['tenant_a'] }, { signal: aborter.signal }),
    ).rejects.toThrow(/stopped while doing second/);
    expect(await stored()).toMatchObject([{ state: 'RUNNING', steps_done: ['first'], holder: null }]);
  });

  it('is forgotten when a thousand newer ones are over', async () => {
    await withOwner(owner, (client) =>
      client.query(`INSERT INTO public.tenant_operation (kind, schema_names, state, finished_at)
        SELECT 'old', ARRAY['tenant_x'], 'DONE', now() FROM generate_series(1, 1200)`),
    );
    await run(kindOf());
    expect(await stored()).toHaveLength(1_001);
  });
});

describe('leopard tenants operations and resume', () => {
  const leopard = (...args: string[]) => runCommand(on.settings, ['tenants', ...args]);

  it('list what is unfinished', async () => {
    expect(await leopard('operations')).toMatchObject({
      stdout: 'there is no unfinished operation',
      exitCode: 0,
    });
    expect(await leopard('resume')).toMatchObject({
      stdout: 'there is no unfinished operation',
      exitCode: 0,
    });
    await expect(run(kindOf(step('first', failing())))).rejects.toThrow();
    expect((await leopard('operations', 'a')).stdout).toMatch(/trial +a b +failed +first +\S+Z +no room$/);
    expect(JSON.parse((await leopard('operations', '--all', '--json')).stdout)).toMatchObject([
      { kind: 'trial', tenants: ['a', 'b'], state: 'FAILED', is_running: false, error: 'no room' },
    ]);
    expect((await leopard('operations', 'other')).stdout).toBe('there is no unfinished operation');
  });

  it('leave an operation that the program does not know', async () => {
    await expect(run(kindOf(step('first', failing())))).rejects.toThrow();
    const { exitCode, stderr } = await leopard('resume');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^trial of a: this version of the program does not know it/);
  });
});
