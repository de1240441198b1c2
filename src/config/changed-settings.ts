/** A setting that an upgrade concerns: where it is set, or missing, somebody has to act. */
export interface ChangedSetting {
  readonly name: string;
  readonly change: 'renamed' | 'removed' | 'required';
  /** The version that changed it. */
  readonly version: string;
  /** Instruction, as the end of a sentence: `set …`. */
  readonly instead: string;
}

/** All settings that were renamed or removed, or that are required and were not before. The newest come last. */
export const CHANGED_SETTINGS: readonly ChangedSetting[] = [
  {
    name: 'DELIVERY_CONCURRENCY_PER_HOST',
    change: 'removed',
    version: '0.1.0',
    instead: 'set DELIVERY_CONCURRENCY_PER_TENANT and DELIVERY_CONCURRENCY_PER_ENDPOINT',
  },
  {
    name: 'UPLOADS_MB_PER_USER',
    change: 'removed',
    version: '0.1.0',
    instead: 'set MEGABYTES_PER_USER, which uploads count among',
  },
  {
    name: 'UPLOADS_MB_PER_TENANT',
    change: 'removed',
    version: '0.1.0',
    instead: 'set MEGABYTES_PER_TENANT, which uploads count among',
  },
];

/** Returns a line for each changed setting that concerns these ones: old names that are set, required ones that are not. */
export function changesThatConcern(
  settings: Readonly<Record<string, string | undefined>>,
  changes: readonly ChangedSetting[] = CHANGED_SETTINGS,
): string[] {
  return changes
    .filter(({ name, change }) => Boolean(settings[name]?.trim()) !== (change === 'required'))
    .map(({ name, change, version, instead }) =>
      change === 'required'
        ? `${name} is required since ${version}; ${instead}`
        : `${name} was ${change} in ${version} and has no effect; ${instead}`,
    );
}
