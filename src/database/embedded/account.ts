import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, lchownSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Binaries } from './binaries.js';
import { EmbeddedDatabaseError } from './errors.js';
import type { Layout } from './layout.js';

/** The arguments of `spawn`. */
interface Command {
  readonly file: string;
  readonly args: string[];
  readonly options: { uid?: number; gid?: number };
}

/** The account under which PostgreSQL runs, which refuses to be root. */
export interface ServerAccount {
  /** The kind of account, for messages and tests. */
  readonly kind: 'same' | 'user' | 'namespace' | 'capability';
  /** The owner of PostgreSQL's files; null when nothing has to be changed. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
  command(file: string, args: readonly string[]): Command;
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

const SAME: ServerAccount = {
  kind: 'same',
  owner: null,
  command: (file, args) => ({ file, args: [...args], options: {} }),
};

/**
 * Finds an account that can run PostgreSQL with these folders. Users other than root run it as themselves, if necessary
 * under another name. For root, the first of these that works in a trial: the owner of the existing data, the system
 * users `postgres` and `nobody`; if those cannot reach the folders (a clone in /root, say), root in a user namespace,
 * where it has another id and no privileges; then a user who may pass through every folder and nothing else.
 * @throws EmbeddedDatabaseError when no way works, or the data is somebody else's.
 */
export function chooseAccount(layout: Layout, binaries: Binaries): ServerAccount {
  const self = process.getuid?.();
  if (self === undefined) return SAME; // Windows: pg_ctl drops excess privileges
  const owner = existsSync(layout.data) ? statSync(layout.data) : null;
  if (self !== 0) {
    if (!owner || owner.uid === self) return named(self, layout, binaries);
    throw new EmbeddedDatabaseError(
      `data directory ${layout.data} belongs to another user (uid ${owner.uid}); start as that user or set LEOPARD_DATA_DIR`,
    );
  }
  const account = candidates(owner).find((candidate) =>
    works(candidate, layout.directory, binaries.postgres),
  );
  if (account) return account;
  throw new EmbeddedDatabaseError(
    `PostgreSQL refuses to run as root, and no other user can reach ${layout.directory} and ${binaries.postgres}; allow it (chmod o+x on the folders above them), start as an ordinary user, or set LEOPARD_DATA_DIR to a folder such as /var/lib/leopard`,
  );
}

/**
 * Returns an ordinary user's own account. initdb needs a user name, which a container with an arbitrary user id lacks; in
 * a user namespace the same user gets the id of one that has a name.
 * @throws EmbeddedDatabaseError for a user without a name, where user namespaces are not available
 */
function named(self: number, layout: Layout, binaries: Binaries): ServerAccount {
  if (existsSync(join(layout.data, 'PG_VERSION')) || hasName()) return SAME; // only initdb asks
  const found = ['nobody', 'postgres', 'daemon']
    .map(findUser)
    .filter((user) => user !== null)
    .map((user): ServerAccount => ({ ...inNamespace(user), owner: null }))
    .find((candidate) => works(candidate, layout.directory, binaries.postgres));
  if (found) return found;
  throw new EmbeddedDatabaseError(
    `PostgreSQL asks for the name of the user that makes its data, and uid ${self} has none; give it one (as root: echo 'leopard:x:${self}:${process.getgid?.()}::/:/sbin/nologin' >> /etc/passwd), start as a user that has a name, or set DATABASE_URL to use a server of your own`,
  );
}

function hasName(): boolean {
  try {
    userInfo();
    return true;
  } catch {
    return false;
  }
}

function candidates(owner: User | null): ServerAccount[] {
  const users = ['postgres', 'nobody'].map(findUser).filter((user) => user !== null);
  const generic = [...users.map(asUser), ...users.slice(-1).map(inNamespace), ...users.map(withCapability)];
  if (!owner) return generic;
  if (owner.uid === 0) return [...users.slice(-1).map(inNamespace), ...generic];
  return [asUser(owner), withCapability(owner), ...generic];
}

function findUser(name: string): User | null {
  try {
    const id = (flag: string) =>
      Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return null;
  }
}

function asUser({ uid, gid }: User): ServerAccount {
  return {
    kind: 'user',
    owner: { uid, gid },
    command: (file, args) => ({ file, args: [...args], options: { uid, gid } }),
  };
}

/**
 * Runs PostgreSQL in a user namespace; the files stay root's. Within it the user must have a name, which initdb asks
 * for.
 */
function inNamespace({ uid, gid }: User): ServerAccount {
  const flags = ['--user', `--map-user=${uid}`, `--map-group=${gid}`, '--'];
  return {
    kind: 'namespace',
    owner: { uid: 0, gid: 0 },
    command: (file, args) => ({ file: 'unshare', args: [...flags, file, ...args], options: {} }),
  };
}

function withCapability({ uid, gid }: User): ServerAccount {
  const capability = `+${passingCapability()}`;
  const flags = [
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    `--inh-caps=${capability}`,
    `--ambient-caps=${capability}`,
    '--',
  ];
  return {
    kind: 'capability',
    owner: { uid, gid },
    command: (file, args) => ({ file: 'setpriv', args: [...flags, file, ...args], options: {} }),
  };
}

/** Returns the capability to pass through every folder; containers often have only the broader of the two. */
function passingCapability(): string {
  const DAC_READ_SEARCH = 1n << 2n;
  try {
    const [, bits = '0'] = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return BigInt(`0x${bits}`) & DAC_READ_SEARCH ? 'dac_read_search' : 'dac_override';
  } catch {
    return 'dac_read_search';
  }
}

/** Returns whether the server's program really starts under the account, and from within the directory. */
function works(account: ServerAccount, directory: string, postgres: string): boolean {
  const script = 'cd "$1" && exec "$2" --version';
  const { file, args, options } = account.command('/bin/sh', ['-c', script, 'sh', directory, postgres]);
  return spawnSync(file, args, { ...options, stdio: 'ignore' }).status === 0;
}

/** Gives a file or folder of PostgreSQL's, with all in it, to the account, unless it has it already. */
export function giveTo(account: ServerAccount, path: string): void {
  if (!account.owner || !existsSync(path)) return;
  const { uid, gid } = account.owner;
  const stat = statSync(path);
  if (stat.uid === uid) return;
  const inside = stat.isDirectory() ? (readdirSync(path, { recursive: true }) as string[]) : [];
  for (const entry of inside) lchownSync(join(path, entry), uid, gid);
  lchownSync(path, uid, gid); // last, so that an interrupted change is repeated
}
