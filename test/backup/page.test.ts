import { execFile } from 'node:child_process';
import {
  chmodSync,
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
import { PUBLIC_TABLES } from '../../src/backup/public-tables.js';
import { withOwner } from '../../src/database/owner.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { cliSurroundings, runCommand, settingsFor } from '../helpers/cli.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { shellBlocks } from './shell-blocks.js';

// The commands of docs/backups.md that need no server of one's own; point-in-time.test.ts runs the others.

let from: Awaited<ReturnType<typeof cliSurroundings>>;
let folder: string;
const targets: TestDatabase[] = [];

beforeAll(async () => {
  from = await cliSurroundings();
  folder = mkdtempSync(join(tmpdir(), 'leopard-page-'));
  mkdirSync(join(folder, 'bin'));
  const leopard = join(folder, 'bin', 'leopard');
  writeFileSync(leopard, `#!/bin/sh\nexec "${process.execPath}" "${PACKAGE_ROOT}/bin/leopard.js" "$@"\n`);
  chmodSync(leopard, 0o755);
  const { exitCode } = await runCommand(from.settings, [
    'tenants',
    'create',
    '--name',
    'Acme',
    '--tenant',
    'acme',
  ]);
  expect(exitCode).toBe(0);
});
afterAll(async () => {
  for (const target of targets) await target.drop();
  await from.close();
  rmSync(folder, { recursive: true });
});

async function emptyTarget(): Promise<NodeJS.ProcessEnv> {
  const database = await testDatabase({ from: 'empty' });
  targets.push(database);
  return settingsFor(database, join(folder, `data-${targets.length}`));
}

/** Runs commands as the page has them, with the example's folder and file elsewhere. */
async function run(commands: string, settings: NodeJS.ProcessEnv, file = ''): Promise<string> {
  const here = commands
    .replaceAll('/var/backups/leopard', join(folder, 'backups'))
    .replaceAll('platform-20261130T021500Z.tar', file);
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', here], {
    cwd: folder,
    env: { ...settings, PATH: `${folder}/bin:${process.env.PATH}`, HOME: folder, GNUPGHOME: folder },
  });
  return stdout;
}

const newest = (of: string) => readdirSync(join(folder, 'backups')).find((name) => name.startsWith(of)) ?? '';

describe.sequential('docs/backups.md', () => {
  test('back up and restore', { timeout: 120_000 }, async () => {
    const [whole, one] = shellBlocks('## Back up and restore');
    const [backup, ...restore] = whole!.split('\n');
    expect(await run(backup!, from.settings)).toMatch(/^backed up 3 tenants/);
    expect(await run(restore.join('\n'), await emptyTarget(), newest('platform'))).toMatch(
      /restored 3 tenants/,
    );

    const [backupOne, restoreOne, ...beside] = one!.split('\n');
    await run(backupOne!, from.settings);
    await run(`cp backups/${newest('platform')} platform.tar`, from.settings);
    await run('leopard tenants delete --tenant acme --force', from.settings);
    expect(await run(restoreOne!, from.settings)).toMatch(/^restored tenant acme/);
    expect(await run(beside.join('\n'), from.settings)).toMatch(
      /restored tenant acme_before[\s\S]*is removed/,
    );
  });

  test.runIf(existsSync('/usr/bin/gpg'))('encrypted, by a pipe', { timeout: 120_000 }, async () => {
    const [, , pipes] = shellBlocks('## Back up and restore');
    const [out, back] = pipes!.split('\n');
    writeFileSync(join(folder, 'key'), 'a passphrase');
    await run(out!, from.settings);
    expect(readFileSync(join(folder, 'platform.tar.gpg')).includes('leopard-backup.json')).toBe(false);
    expect(await run(back!, await emptyTarget())).toMatch(/^restored 3 tenants/);
  });

  test('schedule, and verify', { timeout: 120_000 }, async () => {
    const settings = { ...from.settings, BACKUP_DIR: join(folder, 'backups') };
    const [due, restore] = shellBlocks('## Schedule');
    rmSync(join(folder, 'backups'), { recursive: true });
    expect(await run(due!, settings)).toMatch(/^4 backed up, 0 old backups removed\n[\s\S]*tenant_acme/);
    expect(await run(restore!, await emptyTarget())).toMatch(/^restored 3 tenants/);
    const [verify] = shellBlocks('## Verify');
    expect((await run(verify!, settings)).match(/ is whole: /g)).toHaveLength(2);
  });

  test('has no other commands', () => {
    const page = readFileSync(join(PACKAGE_ROOT, 'docs', 'backups.md'), 'utf8');
    const run = [
      ...['## Back up and restore', '## Schedule', '## Verify'],
      ...['### pgBackRest', '### pg_basebackup', '### Afterwards'],
    ].flatMap(shellBlocks);
    expect(page.match(/^```sh$/gm)).toHaveLength(run.length);
  });

  test('says what becomes of each table of public', async () => {
    const { rows } = await withOwner(from.database.owner, (client) =>
      client.query<{ name: string }>(
        `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
      ),
    );
    expect(Object.keys(PUBLIC_TABLES).sort()).toEqual(rows.map(({ name }) => name).sort());
  });
});
