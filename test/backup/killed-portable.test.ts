import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLONE } from '../../src/backup/portable/clone-tenant.js';
import { EXPORT_STEPS } from '../../src/backup/portable/export-tenant.js';
import { IMPORT } from '../../src/backup/portable/import-tenant.js';
import { listOperations } from '../../src/provisioning/operations/list.js';
import type { OperationPoint } from '../../src/provisioning/operations/points.js';
import { cliSurroundings, runCommand } from '../helpers/cli.js';
import { killedAt, pointsOf } from '../helpers/killed-operations.js';
import { orphans, tenantSums } from '../helpers/tenant-sums.js';
import { contents } from './contents.js';
import { markAgency } from './marked-agency.js';

// Processes of the program are killed before, during and after each step of exports, imports and clones.

let on: Awaited<ReturnType<typeof cliSurroundings>>;
let others: Record<string, string>;
let file: string;

beforeAll(async () => {
  on = await cliSurroundings();
  await markAgency(on.database, join(on.folder, 'media'));
  others = await tenantSums(on.database.owner);
  file = join(on.folder, 'main.tar');
}, 60_000);
afterAll(() => on.close());

const leopard = (...args: string[]) => runCommand(on.settings, args);

/** Expects that no operation is left, nothing belongs to nobody, and no other tenant has changed. */
async function expectOrder(...own: string[]): Promise<void> {
  const { owner } = on.database;
  expect(await listOperations(owner)).toEqual([]);
  expect(await orphans(owner, join(on.folder, 'media'))).toEqual([]);
  expect(await tenantSums(owner, own)).toEqual(others);
}

const exportPoints: OperationPoint[] = EXPORT_STEPS.map(({ name }) => ({
  ...{ kind: 'export', step: name },
  at: name === 'end' ? 'before' : 'during',
}));

test.each(exportPoints)(
  'an export killed $at $step leaves no file, and the next one is whole',
  {
    timeout: 60_000,
  },
  async (point) => {
    const target = join(on.folder, `killed-${point.step}.tar`);
    const command = ['tenants', 'export', 'main', '--to', target];
    expect(await killedAt(on.settings, command, point)).toMatchObject({ killed: true });
    expect((await readdir(on.folder)).filter((name) => name.startsWith('killed'))).toEqual([
      expect.stringMatching(/^killed-\w+\.tar\..*\.part$/),
    ]);
    expect(await leopard('tenants', 'export', 'main', '--to', file)).toMatchObject({ exitCode: 0 });
    expect((await readdir(on.folder)).filter((name) => name.startsWith('killed'))).toEqual([]);
    await expectOrder();
  },
);

// After one step is before the next. The check of a clone reads names only. Naming in the catalogue is a step for tenants
// of further cells; see test/cells/made-in-cell.test.ts.
const points = [IMPORT, CLONE]
  .flatMap((operation) => pointsOf(operation, ['during', 'after']))
  .filter(({ kind, step }) => step !== 'place' && !(kind === 'clone' && step === 'check'));

test.each(points)(
  '$kind killed $at $step is carried on, or undone',
  {
    timeout: 60_000,
  },
  async (point) => {
    const name = `made_${point.kind}`;
    const schema = `tenant_${name}`;
    const command =
      point.kind === 'import'
        ? ['tenants', 'import', file, '--as', name, '--json']
        : ['tenants', 'clone', 'main', name, '--json'];
    const kill = async () =>
      expect(await killedAt(on.settings, command, point)).toMatchObject({ killed: true, exitCode: null });
    await kill();
    if (point.at === 'after') {
      expect(await leopard('tenants', 'resume', name, '--undo')).toMatchObject({
        stdout: `${point.kind} of ${name} is undone`,
      });
      await expectOrder();
      await kill();
    }
    const { exitCode, stdout } = await leopard(...command);
    expect([exitCode, JSON.parse(stdout)]).toMatchObject([0, { tenant: name, files: 1 }]);
    const [from, to] = [
      await contents(on.database.owner, 'tenant_main'),
      await contents(on.database.owner, schema),
    ];
    expect(Object.keys(to).filter((table) => to[table]!.length !== from[table]!.length)).toEqual([
      'audit_entry',
    ]);
    await expectOrder(schema);
    expect(await leopard('tenants', 'delete', '--tenant', name, '--force')).toMatchObject({ exitCode: 0 });
    await expectOrder();
  },
);
