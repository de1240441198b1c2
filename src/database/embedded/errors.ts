import { PlainError } from '../../platform/plain-error.js';

/** The embedded database cannot be started, for a reason that the message tells. */
export class EmbeddedDatabaseError extends PlainError {
  override readonly name: string = 'EmbeddedDatabaseError';
}

/** Another living process of this program has the data directory. */
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
