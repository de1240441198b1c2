import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ListenTarget } from '../config/listen-settings.js';
import { claimSocketFile } from '../platform/socket-file.js';
import { tryPort } from '../platform/try-port.js';
import { CliError } from './cli-error.js';

/**
 * Checks that the API can listen there, before the slow work of a start, and removes a socket file that is left over.
 * @throws PlainError that says what to do
 */
export async function checkTarget(target: ListenTarget): Promise<void> {
  if (target.kind === 'unix') await claimSocketFile(target.path);
  if (target.kind !== 'tcp' || target.port === 0) return;
  try {
    await tryPort(target.host, target.port);
  } catch (error) {
    throw explainListenError(error, target);
  }
}

/** Returns the line for an error of listening; any other error is returned unchanged. */
export function explainListenError(error: unknown, target: ListenTarget): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (target.kind === 'passed')
    return code === undefined ? error : new CliError(`the passed socket cannot be used: ${message}`);
  if (target.kind === 'unix') return explainSocketFile(error, target.path);
  const { host, port } = target;
  switch (code) {
    case 'EADDRINUSE':
      return new CliError(`port ${port} is taken; stop what uses it or set PORT`);
    case 'EACCES':
      return new CliError(`port ${port} needs more rights than this user has; set PORT to 1024 or more`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new CliError(`${host} is no address of this machine; set HOST, such as to 127.0.0.1 or 0.0.0.0`);
    default:
      return error;
  }
}

function explainSocketFile(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  // The system's ENOENT arrives as EACCES.
  switch (code === 'EACCES' && !existsSync(dirname(path)) ? 'ENOENT' : code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new CliError(`${path} cannot be made by this user; set HOST to a path in a folder of its own`);
    case 'ENOENT':
      return new CliError(`the folder of ${path} does not exist; make it or set HOST to another path`);
    case 'EADDRINUSE':
      return new CliError(
        `another process listens on ${path}; stop that process or set HOST to another path`,
      );
    default:
      return error;
  }
}
