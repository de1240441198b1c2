import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cliSurroundings, runCommand } from '../helpers/cli.js';
import { type SmallDisk, smallDisk } from '../helpers/small-disk.js';
import { killAll, othersMayEnter, Program, postgresOf } from './program.js';

const disk = smallDisk(260);
const folders: string[] = [];
const ANY_PORT = { PORT: '0', METRICS_PORT: '0' };

afterAll(() => {
  killAll([...Program.running, ...folders.flatMap(postgresOf), ...(disk ? postgresOf(disk.path) : [])]);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  disk?.remove();
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'leopard-surroundings-'));
  folders.push(folder);
  return folder;
}

/** Waits until a program has failed. @returns the lines of its stderr */
async function refused(program: Program): Promise<string[]> {
  expect((await program.ended).code).toBe(1);
  return program.stderr.trim().split('\n');
}

/** Starts the database alone, and stops it when it is up. */
async function startsOn(
  directory: string,
  options: Parameters<typeof Program.embedded>[1] = {},
): Promise<string> {
  const program = Program.embedded(directory, options);
  const [, account = ''] = await program.said(/ready as (\w+)/);
  expect(await program.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  return account;
}

describe.skipIf(disk === null)('a disk that is full', () => {
  const room = disk as SmallDisk;
  const data = join(disk?.path ?? '', 'data');
  const serve = () =>
    Program.leopard(['serve'], {
      directory: newFolder(),
      environment: { ...ANY_PORT, LEOPARD_DATA_DIR: data },
    });

  it('from the beginning, or full when the data is made: one line says so, and nothing is left', async () => {
    room.fill();
    const [line, ...more] = await refused(serve());
    expect(line).toMatch(
      /^LEOPARD_DATA_DIR cannot be used \(ENOSPC: no space left.*\); make room on that disk$/,
    );
    expect(more).toEqual([]);
    room.empty();
    room.remount('size=24m');
    const lines = await refused(Program.embedded(data));
    expect(lines).toEqual([
      expect.stringMatching(
        /^the embedded database could not be created: .*No space left.*; make room on the disk of /,
      ),
    ]);
    expect(readdirSync(data).filter((name) => name.startsWith('data.new'))).toEqual([]);
    room.remount('size=260m');
  });

  it('when the data is there: one line says so, and the next start with room goes on', async () => {
    await startsOn(data);
    room.fill();
    const lines = await refused(Program.embedded(data));
    expect(lines).toEqual([
      expect.stringMatching(/(no space left|No space left|disk is full).*make room on /),
    ]);
    room.empty();
    await startsOn(data);
  });

  it('does not end a program whose log goes there', async () => {
    const surroundings = await cliSurroundings();
    try {
      await runCommand(surroundings.settings, ['migrate']);
      const environment = {
        ...(surroundings.settings as Record<string, string>),
        METRICS_PORT: '0',
        PORT: '28143',
        LOG_LEVEL: 'info',
      };
      const program = Program.shell('exec node "$LEOPARD" serve > /dev/full', {
        directory: surroundings.folder,
        environment,
      });
      const answers = async () => (await fetch('http://127.0.0.1:28143/health/').catch(() => null))?.status;
      await expect.poll(answers).toBe(200);
      for (let i = 0; i < 20; i++) expect(await answers()).toBe(200);
      await program.kill('SIGTERM');
      expect(program.stderr).toMatch(/^the output could not be written \(ENOSPC.*\n$|^$/);
    } finally {
      await surroundings.close();
    }
  });
});

describe('a postmaster.pid that is left over', () => {
  it.each([
    ['empty, as on a full disk', ''],
    ['cut off', '\n'],
    ['of a process that has ended', '4194303\n'],
    ['of a process that is another program’s by now', `${process.pid}\n`],
  ])('%s keeps nothing from starting', async (_, content) => {
    const directory = join(shared(), 'pg');
    if (!existsSync(directory)) await startsOn(directory);
    writeFileSync(join(directory, 'data', 'postmaster.pid'), content);
    await startsOn(directory);
  });
});

let sharedFolder: string | undefined;
function shared(): string {
  sharedFolder ??= newFolder();
  chmodSync(sharedFolder, 0o755);
  return sharedFolder;
}

describe.runIf(process.getuid?.() === 0 && othersMayEnter())('a user id that has no name', () => {
  const user = { uid: 54_321, gid: 54_321 };
  let home: string;
  beforeAll(() => {
    home = newFolder();
    chownSync(home, user.uid, user.gid);
  });

  it('gets one in a namespace of its own, or is told how to get one', async () => {
    const pg = join(home, 'pg');
    const withNamespaces = Program.embedded(pg, { user });
    const { code } = await Promise.race([
      withNamespaces.said(/ready as/).then(() => ({ code: 0 })),
      withNamespaces.ended,
    ]);
    if (code === 0) {
      await withNamespaces.kill('SIGTERM');
      expect(await startsOn(pg, { user })).toBe('same'); // only the creation of the data requires a name
    }
    mkdirSync(join(home, 'bin'));
    const without = Program.embedded(join(home, 'other'), { user, environment: { PATH: join(home, 'bin') } });
    const [line, ...more] = await refused(without);
    expect(line).toMatch(
      /uid 54321 has none; give it one \(as root: echo 'leopard:x:54321:54321::.*DATABASE_URL/,
    );
    expect(more).toEqual([]);
  });
});
