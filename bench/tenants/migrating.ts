import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { type CommandCost, runCommand, startCommand } from './command.js';
import { hasOption, leopardOf, makeRelease, type Release } from './release.js';
import { rowsOf, type Scene } from './scene.js';

const LOOK_EVERY_MS = 100;

/** The migrations of all agencies. */
export interface Migrating {
  /** `leopard migrate` when all is applied. */
  readonly nothing: CommandCost;
  /** A column and an index everywhere. */
  readonly whole: CommandCost;
  /** The same, killed half-way. */
  readonly killed: {
    readonly doneBefore: number;
    /** Milliseconds until it was killed. */
    readonly before: number;
    readonly rest: CommandCost;
  };
}

const change = (name: string) => ({
  [name]: `ALTER TABLE immigration_client ADD COLUMN ${name} text NOT NULL DEFAULT '';
CREATE INDEX ${name}_idx ON immigration_client (${name});
`,
});

/** Measures the migrations, each of which must reach all agencies once. @throws Error when one does not */
export async function measureMigrating(scene: Scene): Promise<Migrating> {
  scene.say('migrating where nothing is to be done');
  const leopard = leopardOf({ folder: PACKAGE_ROOT });
  const nothing = await runCommand(scene, leopard, ['migrate']);
  const first = change(`bench_${Date.now().toString(36)}_a`);
  const second = change(`bench_${Date.now().toString(36)}_b`);

  scene.say('migrating: a column and an index everywhere');
  const one = makeRelease(join(scene.folder, 'release-1'), first);
  const whole = await runCommand(scene, leopardOf(one), migrate(one));
  await checkApplied(scene, one);

  scene.say('migrating: the same, killed half-way');
  const two = makeRelease(join(scene.folder, 'release-2'), { ...first, ...second });
  const begun = performance.now();
  const running = startCommand(scene, leopardOf(two), migrate(two));
  let doneBefore = 0;
  let isOver = false;
  const over = running.ended.then(() => {
    isOver = true;
  });
  while (doneBefore < scene.tenants / 2 && !isOver) {
    await sleep(LOOK_EVERY_MS);
    doneBefore = await appliedTo(scene, two);
  }
  running.kill('SIGKILL');
  await over;
  const before = performance.now() - begun;
  const rest = await runCommand(scene, leopardOf(two), migrate(two));
  await checkApplied(scene, two);
  await takeBack(scene, [...Object.keys(first), ...Object.keys(second)]);
  return { nothing, whole, killed: { doneBefore, before, rest } };
}

/** Removes these migrations, so that the agencies can be measured with again. */
async function takeBack(scene: Scene, names: readonly string[]): Promise<void> {
  const drops = names.map((name) => `DROP COLUMN ${name}`).join(', ');
  const tenants = await rowsOf<{ schema: string }>(
    scene,
    'SELECT quote_ident(schema_name) AS schema FROM public.tenants_tenant',
  );
  for (const { schema } of tenants) await rowsOf(scene, `ALTER TABLE ${schema}.immigration_client ${drops}`);
  await rowsOf(scene, 'DELETE FROM public.migration_ledger WHERE name = ANY ($1)', [names]);
}

function migrate(release: Release): string[] {
  return ['migrate', ...(hasOption(release, 'migrate', '--parallel') ? ['--parallel', '4'] : [])];
}

async function appliedTo(scene: Scene, { last }: Release): Promise<number> {
  const [row] = await rowsOf<{ count: number }>(
    scene,
    `SELECT count(*)::integer AS count FROM public.migration_ledger WHERE scope <> 'shared' AND number = $1`,
    [last],
  );
  return row?.count ?? 0;
}

async function checkApplied(scene: Scene, release: Release): Promise<void> {
  const applied = await appliedTo(scene, release);
  const [row] = await rowsOf<{ count: number }>(
    scene,
    'SELECT count(*)::integer AS count FROM public.tenants_tenant',
  );
  if (applied !== row?.count) throw new Error(`the migration reached ${applied} of ${row?.count} agencies`);
}
