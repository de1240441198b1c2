import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { giveTo, type ServerAccount } from './account.js';
import type { Binaries } from './binaries.js';
import { EMBEDDED_MAJOR } from './data-version.js';
import { cleanEnvironment } from './environment.js';
import { EmbeddedDatabaseError } from './errors.js';
import type { Layout } from './layout.js';
import { createPasswords, readPasswords } from './passwords.js';
import { ACCESS_FILE, MAIN_FILE } from './server-settings.js';

const NO_ROOM = /^.*(?:No space left on device|Disk quota exceeded).*$/m;
const UNFINISHED = /^data\.new-/;

/**
 * Locales to try. Sorting and upper and lower case of all scripts come from ICU, or from PostgreSQL; the system's
 * locale only decides which characters are letters to pg_trgm, and systems have different ones.
 */
const LOCALES = [
  ['--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=und'],
  ['--locale=en_US.UTF-8', '--locale-provider=icu', '--icu-locale=und'],
  ['--locale=C', '--locale-provider=icu', '--icu-locale=und'],
  ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
];

/**
 * Creates PostgreSQL's data directory where there is none. It is created beside its place and moved there in one step,
 * so that a start that was killed half-way leaves nothing that the next one would take for a database.
 * @throws EmbeddedDatabaseError with initdb's own words; also when the data is of another major version
 */
export async function ensureCluster(
  layout: Layout,
  account: ServerAccount,
  binaries: Binaries,
  onProgress: (text: string) => void,
): Promise<void> {
  removeUnfinished(layout.directory);
  if (existsSync(layout.data)) return checkVersion(layout);
  checkNotHalfway(layout);
  onProgress('creating the database');
  createPasswords(layout.passwords);
  const fresh = join(layout.directory, `data.new-${randomBytes(6).toString('hex')}`);
  const passwordFile = `${fresh}.password`;
  try {
    writeFileSync(passwordFile, readPasswords(layout.passwords).superuser, { mode: 0o600 });
    giveTo(account, passwordFile);
    await initialise(fresh, passwordFile, account, binaries);
    for (const [name, text] of [
      ['postgresql.conf', MAIN_FILE],
      ['pg_hba.conf', ACCESS_FILE],
    ] as const) {
      writeFileSync(join(fresh, name), text);
    }
    renameSync(fresh, layout.data);
  } finally {
    removeUnfinished(layout.directory);
  }
}

function checkVersion(layout: Layout): void {
  const version = readFileSync(join(layout.data, 'PG_VERSION'), 'utf8').trim();
  if (version === EMBEDDED_MAJOR) return;
  throw new EmbeddedDatabaseError(
    `the data in ${layout.data} is PostgreSQL ${version}'s, the embedded server is ${EMBEDDED_MAJOR}; run: leopard database upgrade (docs/upgrades.md)`,
  );
}

/** Refuses to make an empty database where an upgrade has just put the old data aside, and was ended. */
function checkNotHalfway({ directory, upgrade }: Layout): void {
  if (!existsSync(upgrade)) return;
  throw new EmbeddedDatabaseError(
    `the upgrade of the database in ${directory} was interrupted; finish it: leopard database upgrade`,
  );
}

async function initialise(
  data: string,
  passwordFile: string,
  account: ServerAccount,
  binaries: Binaries,
): Promise<void> {
  let said = '';
  for (const locale of LOCALES) {
    rmSync(data, { recursive: true, force: true });
    mkdirSync(data);
    chmodSync(data, 0o700);
    giveTo(account, data);
    const args = ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
    const result = await run(account, binaries.initdb, [
      ...args,
      '--encoding=UTF8',
      '--data-checksums',
      ...locale,
    ]);
    if (result.status === 0) return;
    said ||= result.said;
    if (NO_ROOM.test(result.said)) break; // another locale would not help
  }
  const full = NO_ROOM.exec(said);
  const reason = full ?? /^initdb: error: .*$/m.exec(said) ?? /(?:FATAL|PANIC): .*$/m.exec(said);
  const told = (reason?.[0] ?? said.trim().split('\n').at(-1) ?? '').replace(
    /^.*(?:error|FATAL|PANIC): +/,
    '',
  );
  throw new EmbeddedDatabaseError(
    `the embedded database could not be created: ${told}${full ? `; make room on the disk of ${dirname(data)}` : ''}`,
  );
}

/** Runs a program in a session of its own, so that a Ctrl-C at the terminal reaches only the program. */
function run(
  account: ServerAccount,
  file: string,
  args: string[],
): Promise<{ status: number | null; said: string }> {
  const command = account.command(file, args);
  return new Promise((resolve, reject) => {
    const child = spawn(command.file, command.args, {
      ...command.options,
      env: cleanEnvironment(),
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      windowsHide: true,
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, said }));
  });
}

function removeUnfinished(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (!UNFINISHED.test(name)) continue;
    rmSync(join(directory, name), { recursive: true, force: true, maxRetries: 5 });
  }
}
