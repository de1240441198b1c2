/** The version of the format; a program reads its own and older ones. */
export const FORMAT = 1;

/** The first entry of a backup: who wrote it. */
export const HEADER_ENTRY = 'leopard-backup.json';
/** The last entry; a file without it is not complete. */
export const END_ENTRY = 'complete.json';

export interface BackupHeader {
  readonly format: number;
  /** The program's version. */
  readonly program: string;
  /** Identifies this backup, so that an interrupted restore is only continued with the same one. */
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Whether it holds `public` and every tenant, one tenant, or `public` alone. */
  readonly of: 'platform' | 'tenant' | 'public';
}

/** The subject of a section: schema `public`, or a tenant's schema. */
export type Scope = string;
export const PUBLIC = 'public';

export interface BackedUpMigration {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
  readonly isSkipped: boolean;
}

export interface BackedUpSequence {
  readonly table: string;
  readonly column: string;
  readonly lastValue: string;
}

export interface BackedUpColumns {
  readonly name: string;
  readonly columns: readonly string[];
}

/** A tenant's rows in `public`, as JSON texts of PostgreSQL, so that every digit is kept. */
export interface BackedUpTenant {
  readonly name: string;
  readonly row: string;
  readonly domains: readonly string[];
  readonly pauses: readonly string[];
  /** Whether it was switched on before it was deleted; only of one that is deleted, which is switched off. */
  readonly wasActive?: boolean;
}

/** The first entry of a section, `<scope>/begin.json`: all that must be known to receive the rows. */
export interface SectionBegin {
  readonly scope: Scope;
  /** ISO 8601, UTC: the moment whose state the rows are. */
  readonly snapshotAt: string;
  /** The server's version, such as 18.4. */
  readonly server: string;
  readonly migrations: readonly BackedUpMigration[];
  readonly tables: readonly BackedUpColumns[];
  readonly sequences: readonly BackedUpSequence[];
  /** Null for `public`. */
  readonly tenant: BackedUpTenant | null;
  /** Whether other values stand in place of people's data. */
  readonly isAnonymised?: boolean;
  /** For `public`: the schemas of all tenants at that moment; otherwise empty. */
  readonly tenants: readonly Scope[];
}

export interface BackedUpTable {
  readonly name: string;
  readonly rows: number;
  /** RowChecksum of its rows. */
  readonly checksum: string;
}

export interface BackedUpFile {
  /** Below the tenant's folder, with `/`. */
  readonly path: string;
  readonly size: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/** The last entry of a section, `<scope>/manifest.json`. */
export interface SectionManifest {
  readonly scope: Scope;
  /** SHA-256 of the section's first entry, in hexadecimal; the first backups of format 1 have none. */
  readonly begin?: string;
  readonly tables: readonly BackedUpTable[];
  /** Uploaded files; null where they were left out. */
  readonly files: { readonly count: number; readonly bytes: number } | null;
}

/** The very last entry. */
export interface BackupEnd {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly finishedAt: string;
  readonly scopes: readonly Scope[];
}

/** Number of bytes of rows from which a part of a table is complete. */
export const PART_BYTES = 1024 * 1024;
/** Maximum number of bytes of one part: a row may be as long as PostgreSQL allows. */
export const MOST_PART_BYTES = 1_500_000_000;
/** Maximum number of files listed in one entry. */
export const FILES_PER_LIST = 1_000;

const numbered = (number: number) => String(number).padStart(6, '0');

/** Returns the names of a section's entries. */
export const entryNames = (scope: Scope) => ({
  begin: `${scope}/begin.json`,
  manifest: `${scope}/manifest.json`,
  part: (table: string, number: number) => `${scope}/tables/${table}/${numbered(number)}.copy.gz`,
  file: (path: string) => `${scope}/files/${path}`,
  fileList: (number: number) => `${scope}/files-${numbered(number)}.json`,
});

/** An entry's place in a backup. */
export type Place =
  | { readonly kind: 'header' | 'end' | 'unknown' }
  | { readonly kind: 'begin' | 'manifest' | 'fileList'; readonly scope: Scope }
  | { readonly kind: 'part'; readonly scope: Scope; readonly table: string }
  | { readonly kind: 'file'; readonly scope: Scope; readonly path: string };

/** Returns what an entry with this name holds. */
export function placeOf(name: string): Place {
  if (name === HEADER_ENTRY) return { kind: 'header' };
  if (name === END_ENTRY) return { kind: 'end' };
  const [scope = '', first = '', ...rest] = name.split('/');
  if (rest.length === 0) {
    if (first === 'begin.json') return { kind: 'begin', scope };
    if (first === 'manifest.json') return { kind: 'manifest', scope };
    if (/^files-\d+\.json$/.test(first)) return { kind: 'fileList', scope };
  }
  if (first === 'tables' && rest.length === 2) return { kind: 'part', scope, table: rest[0]! };
  if (first === 'files' && rest.length > 0) return { kind: 'file', scope, path: rest.join('/') };
  return { kind: 'unknown' };
}
