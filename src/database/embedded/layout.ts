import { join } from 'node:path';

/** The paths within the directory of the embedded database. */
export interface Layout {
  readonly directory: string;
  /** PostgreSQL's own data. */
  readonly data: string;
  readonly log: string;
  /** The server's output until its log is open. */
  readonly startLog: string;
  /** The folder of the Unix socket, or null where its path would be too long or there are none. */
  readonly socket: string | null;
  readonly passwords: string;
  readonly instance: string;
  /** The folder of an upgrade to another major version that is under way. */
  readonly upgrade: string;
}

/** A socket's path may have 107 bytes; PostgreSQL adds `/.s.PGSQL.65535`. */
const LONGEST_SOCKET_FOLDER = 90;

/** Returns the paths within `directory`, which must be absolute. */
export function layoutOf(directory: string): Layout {
  const socket = join(directory, 'socket');
  const usable = process.platform !== 'win32' && Buffer.byteLength(socket) < LONGEST_SOCKET_FOLDER;
  return {
    directory,
    data: join(directory, 'data'),
    log: join(directory, 'log'),
    startLog: join(directory, 'log', 'start.log'),
    socket: usable ? socket : null,
    passwords: join(directory, 'passwords.json'),
    instance: join(directory, 'instance.json'),
    upgrade: join(directory, 'upgrade'),
  };
}
