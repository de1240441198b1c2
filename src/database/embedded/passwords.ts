import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createPrivateFile } from '../../platform/private-text-file.js';
import { EmbeddedDatabaseError } from './errors.js';

/** The random passwords of the embedded server's roles. */
export interface Passwords {
  readonly superuser: string;
  readonly owner: string;
  readonly app: string;
}

/** Creates the file of passwords where there is none. */
export function createPasswords(path: string): void {
  const random = () => randomBytes(24).toString('base64url');
  const passwords: Passwords = { superuser: random(), owner: random(), app: random() };
  createPrivateFile(path, `${JSON.stringify(passwords, null, 2)}\n`);
}

/** Reads the file of passwords. @throws EmbeddedDatabaseError when it is missing, unreadable or damaged */
export function readPasswords(path: string): Passwords {
  try {
    const read = JSON.parse(readFileSync(path, 'utf8')) as Partial<Passwords>;
    if (!read.superuser || !read.owner || !read.app) throw new Error('a password is missing in it');
    return { superuser: read.superuser, owner: read.owner, app: read.app };
  } catch (error) {
    throw new EmbeddedDatabaseError(
      `cannot read the embedded database's passwords (${(error as Error).message}); start as the owner of ${path}, or restore that file`,
    );
  }
}
