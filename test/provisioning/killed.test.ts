import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createOperation } from '../../src/provisioning/create-tenant.js';
import { deleteOperation, undeleteOperation } from '../../src/provisioning/delete-tenant.js';
import { listOperations } from '../../src/provisioning/operations/list.js';
import { purgeOperation } from '../../src/provisioning/purge-tenant.js';
import { renameOperation } from '../../src/provisioning/rename-tenant.js';
import { cliSurroundings, runCommand } from '../helpers/cli.js';
import { killedAt, pointsOf } from '../helpers/killed-operations.js';
import { orphans, tenantSums } from '../helpers/tenant-sums.js';

// Processes of the program are killed before and after each step of each operation; the same command, or `resume`, is
// then to end it, or to undo it, as if nothing had happened.

let on: Awaited<ReturnType<typeof cliSurroundings>>;
let others: Record<string, string>;

beforeAll(async () => {
  on = await cliSurroundings();
  others = await tenantSums(on.database.owner);
});
afterAll(() => on.close());

const leopard = (...args: string[]) => runCommand(on.settings, args);
const listed = async () =>
  (JSON.parse((await leopard('tenants', 'list', '--json')).stdout) as { tenant: string }[]).map(
    ({ tenant }) => tenant,
  );

/** Expects that no operation is left, nothing belongs to nobody, and no other tenant has changed. */
async function expectOrder(...own: string[]): Promise<void> {
  const { owner } = on.database;
  expect(await listOperations(owner)).toEqual([]);
  expect(await orphans(owner, `${on.folder}/media`)).toEqual([]);
  expect(await tenantSums(owner, own)).toEqual(others);
}

// Naming it in the catalogue is a step for tenants of further cells; see test/cells/made-in-cell.test.ts.
const createPoints = pointsOf(createOperation).filter(({ step }) => step !== 'place');

it.each(createPoints)('create is carried on when it is killed $at $step', async ({ ...point }) => {
  const name = `new_${point.step}_${point.at}`;
  const command = ['tenants', 'create', '--tenant', name, '--name', `Agency ${name}`, '--json'];
  expect(await killedAt(on.settings, command, point)).toMatchObject({ killed: true });
  expect(await listed()).toHaveLength(point.at === 'after' ? 3 : 2);
  const { exitCode, stdout } = await leopard(...command);
  expect([exitCode, JSON.parse(stdout)]).toMatchObject([0, { tenant: name, schema_name: `tenant_${name}` }]);
  expect((await leopard('tenants', 'create', '--tenant', name, '--name', 'Another')).exitCode).toBe(1);
  await expectOrder(`tenant_${name}`);
  await leopard('tenants', 'delete', '--tenant', name, '--force');
});

it.each(createPoints)('create is undone when it is killed $at $step', async (point) => {
  const command = ['tenants', 'create', '--tenant', 'gone', '--name', 'Gone'];
  expect(await killedAt(on.settings, command, point)).toMatchObject({ killed: true });
  expect(await leopard('tenants', 'resume', 'gone', '--undo')).toMatchObject({
    stdout: 'create of gone is undone',
  });
  expect(await listed()).toEqual(['main', 'demo']);
  await expectOrder();
});

describe('a tenant that goes', () => {
  const schema = 'tenant_going';
  const picture = () => join(on.folder, 'media', schema, 'profile-pictures', 'a.png');
  const own = async () => (await tenantSums(on.database.owner, ['tenant_main', 'tenant_demo']))[schema];
  const stateOf = async () => {
    const { stdout } = await leopard('tenants', 'show', 'going', '--json');
    return JSON.parse(stdout) as { deleted_at: string | null; is_active: boolean; domains: unknown[] };
  };
  let asItWas: string | undefined;

  beforeEach(async () => {
    if ((await listed()).includes('going')) return;
    await leopard('tenants', 'create', '--tenant', 'going', '--name', 'Going', '--catalogue', 'au');
    await mkdir(dirname(picture()), { recursive: true });
    await writeFile(picture(), 'picture');
    asItWas = await own();
  });

  it.each(pointsOf(deleteOperation))('delete is carried on when it is killed $at $step', async (point) => {
    const command = ['tenants', 'delete', 'going', '--force', '--json'];
    expect(await killedAt(on.settings, command, point)).toMatchObject({ killed: true });
    const { exitCode, stdout, stderr } = await leopard(...command);
    expect([exitCode, stderr]).toEqual([0, '']);
    const { export: file, deleted_at: deletedAt } = JSON.parse(stdout);
    expect([existsSync(file), deletedAt]).toEqual([true, expect.any(String)]);
    await expectOrder(schema);
    expect((await leopard('tenants', 'undelete', 'going')).exitCode).toBe(0);
    expect(await own()).toBe(asItWas);
    expect(existsSync(picture())).toBe(true);
  });

  it.each(pointsOf(deleteOperation))('delete is undone when it is killed $at $step', async (point) => {
    expect(await killedAt(on.settings, ['tenants', 'delete', 'going', '--force'], point)).toMatchObject({
      killed: true,
    });
    expect(await leopard('tenants', 'resume', '--undo')).toMatchObject({
      exitCode: 0,
      stdout: 'delete of going is undone',
    });
    await expectOrder(schema);
    expect(await own()).toBe(asItWas);
    expect(await stateOf()).toMatchObject({ deleted_at: null, is_active: true });
  });

  it.each(pointsOf(undeleteOperation))(
    'undelete is carried on when it is killed $at $step',
    async (point) => {
      await leopard('tenants', 'delete', 'going', '--force', '--no-export');
      const command = ['tenants', 'undelete', 'going'];
      expect(await killedAt(on.settings, command, point)).toMatchObject({ killed: true });
      expect((await leopard(...command)).exitCode).toBe(0);
      expect(await own()).toBe(asItWas);
      await expectOrder(schema);
    },
  );

  const moments = pointsOf(purgeOperation);
  it.each([...moments, { kind: 'purge', step: 'tables', at: 'during' as const }])(
    'its removal is carried on when it is killed $at $step',
    async (point) => {
      const command = ['tenants', 'delete', 'going', '--now', '--force'];
      expect(await killedAt(on.settings, command, point)).toMatchObject({ killed: true });
      const again = point.at === 'before' && point.step !== 'close' ? ['tenants', 'resume'] : command;
      // After the last step nothing is left that could be named, but the operation.
      expect((await leopard(...(point.step === 'row' ? ['tenants', 'resume'] : again))).exitCode).toBe(0);
      expect(await listed()).toEqual(['main', 'demo']);
      expect(existsSync(dirname(dirname(picture())))).toBe(false);
      await expectOrder();
    },
  );
});

describe('a tenant that is renamed', () => {
  const picture = (name: string) => join(on.folder, 'media', `tenant_${name}`, 'profile-pictures', 'a.png');

  it.each([...pointsOf(renameOperation), { kind: 'rename', step: 'switch', at: 'during' as const }])(
    'rename is carried on when it is killed $at $step',
    async (point) => {
      if (!(await listed()).includes('old')) {
        await leopard('tenants', 'create', '--tenant', 'old', '--name', 'Named');
        await mkdir(dirname(picture('old')), { recursive: true });
        await writeFile(picture('old'), 'picture');
      }
      const command = ['tenants', 'rename', 'old', 'fresh', '--json'];
      expect(await killedAt(on.settings, command, point)).toMatchObject({ killed: true });
      const { exitCode, stdout, stderr } = await leopard(...command);
      expect([exitCode, stderr]).toEqual([0, '']);
      expect(JSON.parse(stdout)).toMatchObject({ tenant: 'fresh', trouble: null });
      expect([existsSync(picture('old')), existsSync(picture('fresh'))]).toEqual([false, true]);
      await expectOrder('tenant_fresh');
      expect(await leopard('tenants', 'rename', 'fresh', 'old')).toMatchObject({ exitCode: 0 });
      await expectOrder('tenant_old');
    },
  );

  it.each(pointsOf({ ...renameOperation, steps: renameOperation.steps.slice(0, 1) }))(
    'rename is undone when it is killed $at $step',
    async (point) => {
      const before = await tenantSums(on.database.owner, ['tenant_main', 'tenant_demo']);
      expect(await killedAt(on.settings, ['tenants', 'rename', 'old', 'fresh'], point)).toMatchObject({
        killed: true,
      });
      expect((await leopard('tenants', 'resume', 'old', '--undo')).exitCode).toBe(0);
      expect(await tenantSums(on.database.owner, ['tenant_main', 'tenant_demo'])).toEqual(before);
      await expectOrder('tenant_old');
    },
  );
});
