import { afterAll, beforeAll, expect, it } from 'vitest';
import { createOperation } from '../../src/provisioning/create-tenant.js';
import { listOperations } from '../../src/provisioning/operations/list.js';
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

it.each(pointsOf(createOperation))(
  'create is carried on when it is killed $at $step',
  async ({ ...point }) => {
    const name = `new_${point.step}_${point.at}`;
    const command = ['tenants', 'create', '--tenant', name, '--name', `Agency ${name}`, '--json'];
    expect(await killedAt(on.settings, command, point)).toMatchObject({ killed: true });
    expect(await listed()).toHaveLength(point.at === 'after' ? 3 : 2);
    const { exitCode, stdout } = await leopard(...command);
    expect([exitCode, JSON.parse(stdout)]).toMatchObject([
      0,
      { tenant: name, schema_name: `tenant_${name}` },
    ]);
    expect((await leopard('tenants', 'create', '--tenant', name, '--name', 'Another')).exitCode).toBe(1);
    await expectOrder(`tenant_${name}`);
    await leopard('tenants', 'delete', '--tenant', name, '--force');
  },
);

it.each(pointsOf(createOperation))('create is undone when it is killed $at $step', async (point) => {
  const command = ['tenants', 'create', '--tenant', 'gone', '--name', 'Gone'];
  expect(await killedAt(on.settings, command, point)).toMatchObject({ killed: true });
  expect(await leopard('tenants', 'resume', 'gone', '--undo')).toMatchObject({
    stdout: 'create of gone is undone',
  });
  expect(await listed()).toEqual(['main', 'demo']);
  await expectOrder();
});
