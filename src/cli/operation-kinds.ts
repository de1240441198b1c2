import type { Config } from '../config/config.js';
import type { DatabaseHandle } from '../database/connections.js';
import type { Operation, Surroundings } from '../provisioning/operations/operation.js';
import { type OnStep, resumeOperation } from '../provisioning/operations/run.js';
import { homeSurroundings } from '../provisioning/tenant-home.js';
import { ownerSettings } from './owner-settings.js';
import { portableMeans } from './portable-means.js';

/** The settings and connections of a process, of which any kind of operation takes its means. */
interface OperationMeans {
  readonly config: Config;
  readonly handle: DatabaseHandle;
}

interface ResumeOptions {
  readonly onStep: OnStep;
  readonly undo: boolean;
}

/** Carries an operation on, or undoes it; see `resumeOperation`. */
type Resume = (means: OperationMeans, id: number, options: ResumeOptions) => Promise<'DONE' | 'UNDONE'>;

/**
 * Returns a kind of operation for `OPERATION_KINDS`.
 * @param surroundings makes its means from those of the process
 */
function resumable<P extends object, N extends object, S extends Surroundings>(
  operation: Operation<P, N, S>,
  surroundings: (means: OperationMeans) => S,
): Resume {
  return (means, id, options) => resumeOperation(operation, surroundings(means), id, options);
}

/** Every kind of operation, with how to carry it on; loaded when it is needed. */
export const OPERATION_KINDS: Readonly<Record<string, () => Promise<Resume>>> = {
  create: async () =>
    resumable((await import('../provisioning/create-tenant.js')).createOperation, ({ handle }) =>
      homeSurroundings(handle),
    ),
  import: async () => resumable((await import('../backup/portable/import-tenant.js')).IMPORT, portableMeans),
  restore: async () =>
    resumable((await import('../backup/portable/restore-tenant.js')).RESTORE, portableMeans),
  clone: async () => resumable((await import('../backup/portable/clone-tenant.js')).CLONE, portableMeans),
  rename: async () => {
    const { SealedSecrets } = await import('../auth/sealed-secrets.js');
    const { renameOperation } = await import('../provisioning/rename-tenant.js');
    return resumable(renameOperation, ({ config, handle }) => ({
      ...homeSurroundings(handle),
      mediaDirectory: config.mediaDirectory,
      secrets: new SealedSecrets([config.secretKey, ...config.secretKeyFallbacks]),
    }));
  },
  delete: async () => {
    const { exportTenant } = await import('./export-tenant.js');
    const { deleteOperation } = await import('../provisioning/delete-tenant.js');
    return resumable(deleteOperation, ({ config, handle }) => ({
      ...homeSurroundings(handle),
      exportTenant: exportTenant(handle, config.mediaDirectory),
    }));
  },
  undelete: async () =>
    resumable((await import('../provisioning/delete-tenant.js')).undeleteOperation, ({ handle }) =>
      homeSurroundings(handle),
    ),
  purge: async () =>
    resumable((await import('../provisioning/purge-tenant.js')).purgeOperation, ({ config, handle }) => ({
      ...homeSurroundings(handle),
      mediaDirectory: config.mediaDirectory,
    })),
  move: async () =>
    resumable((await import('../moving/move-tenant.js')).MOVE, ({ handle }) => ({
      owner: ownerSettings(handle),
      catalogue: handle,
    })),
};
