import { tryPort } from '../platform/try-port.js';
import { CliError } from './cli-error.js';

/**
 * Checks that the address can be listened on, before the slow work of a start.
 * @throws CliError that says what to do
 */
export async function checkAddress(host: string, port: number): Promise<void> {
  try {
    await tryPort(host, port);
  } catch (error) {
    throw explainListenError(error, host, port);
  }
}

/** Returns the line for an error of listening; any other error is returned unchanged. */
export function explainListenError(error: unknown, host: string, port: number): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
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
