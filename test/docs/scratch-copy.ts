import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type PageBlock, pageBlocks } from '../../src/cli/scaffold/page-blocks.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';

// A copy of the program in which the steps of a page of docs/ are carried out, as somebody would who knows only the page.

const NOT_COPIED = ['node_modules', '.git', '.leopard'];
const MIGRATION = /^migrations\/(tenant|shared)\/NNNN/;

const RUNS_AT_MOST_MS = 240_000;

export interface ScratchCopy {
  readonly folder: string;
  /** Writes the files that the page shows, and makes the changes that it shows as differences. */
  follow(page: string): Promise<void>;
  /** Runs a program of Node's in the copy. @throws Error with its output if it fails */
  run(...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

/**
 * Copies the program as it is built, so that only what a page changes is compiled; the packages are those of the
 * original.
 */
export async function scratchCopy(): Promise<ScratchCopy> {
  const folder = await mkdtemp(join(tmpdir(), 'leopard-test-'));
  await cp(PACKAGE_ROOT, folder, {
    recursive: true,
    preserveTimestamps: true, // what is built counts as current by them
    filter: (path) => path === PACKAGE_ROOT || !NOT_COPIED.includes(basename(path)),
  });
  await symlink(join(PACKAGE_ROOT, 'node_modules'), join(folder, 'node_modules'));
  return {
    folder,
    async follow(page) {
      for (const block of pageBlocks(await readFile(join(folder, page), 'utf8')))
        await carryOut(folder, block);
    },
    run: (...args) => run(folder, args),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

async function carryOut(folder: string, { file, language, code }: PageBlock): Promise<void> {
  const path = join(folder, await numbered(folder, file));
  if (language !== 'diff') {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, code);
    return;
  }
  const lines = code.trimEnd().split('\n');
  const side = (...signs: string[]) =>
    lines.filter((line) => signs.includes(line[0] as string)).map((line) => line.slice(1));
  const before = side(' ', '-').join('\n');
  const parts = (await readFile(path, 'utf8')).split(before);
  if (parts.length !== 2) throw new Error(`${file} has these lines ${parts.length - 1} times:\n${before}`);
  await writeFile(path, parts.join(side(' ', '+').join('\n')));
}

/** Puts the next free number into the path of a migration. */
async function numbered(folder: string, file: string): Promise<string> {
  if (!MIGRATION.test(file)) return file;
  const { length } = (await readdir(join(folder, dirname(file)))).filter((name) => name.endsWith('.sql'));
  return file.replace('NNNN', String(length + 1).padStart(4, '0'));
}

async function run(folder: string, args: readonly string[]): Promise<string> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|NODE_ENV|TEST|DEV|PROD|MODE)/.test(name),
  );
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: Object.fromEntries(kept),
    timeout: RUNS_AT_MOST_MS,
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(String(chunk)));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  const text = output.join('');
  if (code !== 0) throw new Error(`${args.join(' ')}\n${text.slice(-20_000)}`);
  return text;
}
