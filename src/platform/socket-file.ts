import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { PlainError } from './plain-error.js';

/** Thrown when a socket file cannot be used; the message says what to do. */
class SocketFileError extends PlainError {
  override readonly name = 'SocketFileError';
}

/**
 * Makes a path free for a socket file: removes one on which nobody listens, as a killed process leaves it.
 * @throws SocketFileError when somebody listens there, or when it is another file
 */
export async function claimSocketFile(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket())
    throw new SocketFileError(`${path} is a file, not a socket; move it or set HOST to another path`);
  const error = await tryToConnect(path);
  if (error === null)
    throw new SocketFileError(
      `another process listens on ${path}; stop that process or set HOST to another path`,
    );
  if (error.code === 'ENOENT') return;
  if (error.code !== 'ECONNREFUSED')
    throw new SocketFileError(`${path} cannot be used (${error.message}); set HOST to another path`);
  removeSocketFile(path);
}

/** Sets who may connect: those who may write to the file. */
export function openSocketFile(path: string, mode: number): void {
  chmodSync(path, mode);
}

/** Removes a socket file, if it is still there. */
export function removeSocketFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Connects for a moment. @returns null when somebody accepted, else the system's error */
function tryToConnect(path: string): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(null);
    });
    socket.once('error', resolve);
  });
}
