import { SealedSecrets } from '../auth/sealed-secrets.js';
import type { PortableSurroundings } from '../backup/portable/surroundings.js';
import type { Config } from '../config/config.js';
import type { DatabaseHandle } from '../database/connections.js';
import { ownerSettings } from './owner-settings.js';

/** Returns the means of importing, cloning and restoring tenants. @throws CliError without the owner's settings */
export function portableMeans({
  config,
  handle,
}: {
  readonly config: Config;
  readonly handle: DatabaseHandle;
}): PortableSurroundings {
  return {
    handle,
    owner: ownerSettings(handle),
    appUser: handle.app.user,
    hosts: config,
    mediaDirectory: config.mediaDirectory,
    secrets: new SealedSecrets([config.secretKey, ...config.secretKeyFallbacks]),
  };
}
