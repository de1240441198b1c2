import { PlainError } from '../../platform/plain-error.js';

/** Thrown when the embedded database cannot be started; the message says why. */
export class EmbeddedDatabaseError extends PlainError {
  override readonly name: string = 'EmbeddedDatabaseError';
}

/** Thrown when another living process of this program has the data directory. */
export class DataDirectoryInUseError extends EmbeddedDatabaseError {
  override readonly name = 'DataDirectoryInUseError';

  constructor(
    readonly directory: string,
    readonly pid: number,
  ) {
    super(
      `data directory ${directory} is in use by another instance (pid ${pid}); stop it or set LEOPARD_DATA_DIR`,
    );
  }
}
