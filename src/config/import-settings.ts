import type { SettingsReader } from './settings-reader.js';

/** The settings of imports; 0 switches a limit off. */
export interface ImportSettings {
  /** Maximum number of imports that wait or are under way. */
  readonly waiting: { readonly perUser: number; readonly perTenant: number };
  /** Maximum size of the files that imports keep, in bytes. */
  readonly kept: { readonly perUser: number; readonly perTenant: number };
}

const MEGABYTE = 1024 * 1024;

/** Reads the settings of imports; errors become problems of `read`. */
export function readImportSettings(read: SettingsReader): ImportSettings {
  const megabytes = (name: string, fallback: number) =>
    MEGABYTE * read.integer(name, fallback, { min: 0, max: 10_000_000 });
  return {
    waiting: {
      perUser: read.integer('IMPORTS_WAITING_PER_USER', 20, { min: 0, max: 100_000 }),
      perTenant: read.integer('IMPORTS_WAITING_PER_TENANT', 100, { min: 0, max: 100_000 }),
    },
    kept: {
      perUser: megabytes('IMPORTS_MB_PER_USER', 1_000),
      perTenant: megabytes('IMPORTS_MB_PER_TENANT', 4_000),
    },
  };
}
