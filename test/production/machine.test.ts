import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import type { Level, Line } from '../../src/production/check.js';
import { fileModesCheck } from '../../src/production/checks/file-modes.js';
import { filesCheck } from '../../src/production/checks/files.js';
import { userCheck } from '../../src/production/checks/user.js';
import { checked, expectInstruction, expectLines, goodConfig } from './checking.js';

// The checks of this machine, its files and the limits of a process.

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'leopard-checks-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const isRoot = process.geteuid?.() === 0;
const NOBODY = 65_534;

/** Runs work as another user, as far as the system goes by the effective user. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

describe('user', () => {
  it.runIf(isRoot)('fails for root', async () => {
    expectLines(await checked(userCheck), [['problem', /; run the program, .* User= /]]);
  });
  it('passes for anybody else', async () => {
    const lines = isRoot ? await asNobody(() => checked(userCheck)) : await checked(userCheck);
    expectLines(lines, [['ok', /not as root/]]);
  });
});

describe('file modes', () => {
  const place = (name: string) => {
    const directory = join(folder, name);
    mkdirSync(join(directory, 'data', 'media'), { recursive: true });
    const config = goodConfig({
      LEOPARD_DATA_DIR: join(directory, 'data'),
      SECURITY_LOG_FILE: join(directory, 'security.log'),
    });
    for (const each of ['data', 'data/media']) chmodSync(join(directory, each), 0o700);
    for (const each of ['.env', 'security.log', 'data/secret-key'])
      writeFileSync(join(directory, each), '', { mode: 0o600 });
    return { directory, config };
  };

  it('fails where others may use a secret or a folder', async () => {
    const given = place('open');
    const { directory } = given;
    chmodSync(join(directory, '.env'), 0o644);
    chmodSync(join(directory, 'data', 'secret-key'), 0o660);
    chmodSync(join(directory, 'data'), 0o777);
    chmodSync(join(directory, 'data', 'media'), 0o755);
    expectLines(await checked(fileModesCheck, given), [
      ['problem', /\.env has the mode 644.*; run: chmod 600 .*\.env$/],
      ['problem', /secret-key has the mode 660/],
      ['problem', /may change the folder .*data \(mode 777\); run: chmod o-rwx/],
      ['warning', /may look into the folder .*media \(mode 755\)/],
    ]);
  });
  it.runIf(isRoot)('fails where a secret belongs to another user', async () => {
    const given = place('foreign');
    chownSync(join(given.directory, '.env'), 12_345, 12_345);
    chmodSync(folder, 0o755);
    expectLines(await asNobody(() => checked(fileModesCheck, given)), [['problem', /\(id 12345\).*chown/]]);
  });
  it('passes where they are closed, and where a group may read a secret', async () => {
    const given = place('closed');
    expectLines(await checked(fileModesCheck, given), [['ok', /closed to others/]]);
    chmodSync(join(given.directory, '.env'), 0o640);
    chmodSync(join(given.directory, 'data'), 0o755);
    expectLines(await checked(fileModesCheck, given), [['ok', /closed to others/]]);
  });
});

describe('files', () => {
  const config = (MEDIA_DIR: string) => goodConfig({ MEDIA_DIR, LEOPARD_DATA_DIR: join(folder, 'd') });
  it('fails where uploads cannot be stored', async () => {
    writeFileSync(join(folder, 'a-file'), '');
    expectLines(await checked(filesCheck, { config: config(join(folder, 'a-file')) }), [
      ['problem', /cannot be stored .*; set MEDIA_DIR/],
    ]);
  });
  it.runIf(isRoot)('fails where the user of the program may not write', async () => {
    const closed = join(folder, 'closed-media');
    mkdirSync(closed, { mode: 0o700 });
    chmodSync(folder, 0o755);
    const lines = await asNobody(() => checked(filesCheck, { config: config(closed) }));
    expect(lines.map(({ text }) => text)).toContainEqual(expect.stringMatching(/stored in .*EACCES/));
  });
  it('fails where uploads are in the folder of the program', async () => {
    expectLines(await checked(filesCheck, { config: config(join(PACKAGE_ROOT, 'media')) }), [
      ['problem', /next release replaces; move them/],
    ]);
  });
  it('passes where they are stored, and leaves nothing behind', async () => {
    const media = join(folder, 'good-media');
    mkdirSync(media);
    expectLines(await checked(filesCheck, { config: config(media) }), [['ok', /good-media/]]);
    expect(spawnSync('ls', ['-A', media], { encoding: 'utf8' }).stdout).toBe('');
    expectLines(await checked(filesCheck, { config: config(join(media, 'to-be-created')) }), [
      ['ok', /created/],
    ]);
  });
});

/** Runs a check, as the test run has built it, in a process of its own: the limits are those of a process. */
function inProcess(file: string, name: string, { node = [] as string[], shell = 'exec "$@"' } = {}): Line[] {
  const script = `
    import { ${name} } from './dist/production/checks/${file}.js';
    const config = { limits: { connections: { most: 10000 } } };
    console.log(JSON.stringify(await ${name}.run({ config })));`;
  const args = [process.execPath, ...node, '--input-type=module', '-e', script];
  const { stdout, stderr } = spawnSync('bash', ['-c', shell, 'bash', ...args], {
    cwd: PACKAGE_ROOT,
    encoding: 'utf8',
  });
  if (!stdout) throw new Error(stderr);
  const lines = JSON.parse(stdout) as Line[];
  for (const line of lines) expectInstruction(line);
  return lines;
}

const levelsOf = (lines: readonly Line[]): Level[] => lines.map(({ level }) => level);

describe('memory', () => {
  it('fails where Node may take more than the machine has, or too little', () => {
    const much = inProcess('memory', 'memoryCheck', { node: ['--max-old-space-size=4000000'] });
    expect([levelsOf(much), 'mend' in much[0]! && much[0].mend]).toEqual([
      ['warning'],
      expect.stringMatching(/set NODE_OPTIONS=--max-old-space-size=\d+,/),
    ]);
    const little = inProcess('memory', 'memoryCheck', { node: ['--max-old-space-size=60'] });
    expect([levelsOf(little), little[0]?.text]).toEqual([['warning'], expect.stringMatching(/too few/)]);
  });
  it('passes where it fits', () => {
    expect(levelsOf(inProcess('memory', 'memoryCheck', { node: ['--max-old-space-size=512'] }))).toEqual([
      'ok',
    ]);
  });
});

describe.runIf(process.platform === 'linux')('open files', () => {
  it('fails where fewer may be open than MAX_CONNECTIONS', () => {
    const lines = inProcess('open-files', 'openFilesCheck', { shell: 'ulimit -n 4096; exec "$@"' });
    expect([levelsOf(lines), lines[0]]).toEqual([
      ['warning'],
      expect.objectContaining({ mend: expect.stringMatching(/LimitNOFILE=10200/) }),
    ]);
  });
  it('passes where enough may be', () => {
    const lines = inProcess('open-files', 'openFilesCheck', { shell: 'ulimit -n 10240; exec "$@"' });
    expect(levelsOf(lines)).toEqual(['ok']);
  });
});
