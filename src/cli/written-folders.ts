import type { Config } from '../config/config.js';
import type { WrittenFolder } from '../storage/free-space.js';

/** Returns the folders that a process with these settings writes to. */
export function writtenFolders({ database, mediaDirectory, services }: Config): WrittenFolder[] {
  return [
    ...(database.kind === 'embedded' ? [{ folder: database.directory, holds: 'the database' }] : []),
    ...(services.has('api') ? [{ folder: mediaDirectory, holds: 'uploaded files' }] : []),
  ];
}
