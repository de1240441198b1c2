import { readMigrations } from '../database/migration-files.js';
import { BackupReader } from './backup-reader.js';
import { type BackupHeader, PUBLIC, type Scope } from './format.js';
import { compare } from './load-tables.js';
import { RowChecksum } from './row-checksum.js';
import { migrationsOf } from './section-migrations.js';

/** The contents of a section, in numbers. */
interface CheckedSection {
  readonly scope: Scope;
  /** ISO 8601, UTC. */
  readonly snapshotAt: string;
  readonly rows: number;
  /** Number of rows of each table that has any. */
  readonly tables: Readonly<Record<string, number>>;
  /** Null where uploaded files were left out. */
  readonly files: number | null;
}

export interface CheckedBackup {
  readonly header: BackupHeader;
  readonly sections: readonly CheckedSection[];
}

/**
 * Reads a whole backup, compares rows and files with their checksums, and checks that this version of the program can
 * restore it. Writes nothing, and needs no database.
 * @throws UnreadableBackupError, OtherVersionError
 */
export async function checkBackup(
  source: AsyncIterable<Buffer>,
  onProgress?: (progress: { readonly scope: Scope; readonly rows: number }) => void,
): Promise<CheckedBackup> {
  const reader = await BackupReader.open(source);
  const { header } = reader;
  const files = readMigrations();
  const sections: CheckedSection[] = [];
  try {
    for (let section = await reader.next(); section; section = await reader.next()) {
      const { begin } = section;
      const { scope, snapshotAt } = begin;
      migrationsOf(header, begin, scope === PUBLIC ? files.shared : files.tenant);
      const sums = new Map(begin.tables.map(({ name }) => [name, new RowChecksum()]));
      let read = 0;
      const manifest = await section.read({
        async onRows(table, rows) {
          const sum = sums.get(table);
          const before = sum?.rows ?? 0;
          sum?.addAll(rows);
          read += (sum?.rows ?? 0) - before;
          onProgress?.({ scope, rows: read });
        },
      });
      const expected = new Map(manifest.tables.map((table) => [table.name, table]));
      for (const [name, { rows, checksum }] of sums) compare({ name, rows, checksum }, expected.get(name));
      const tables = Object.fromEntries(
        [...sums].filter(([, { rows }]) => rows > 0).map(([name, { rows }]) => [name, rows]),
      );
      sections.push({ scope, snapshotAt, rows: read, tables, files: manifest.files?.count ?? null });
    }
    return { header, sections };
  } finally {
    await reader.close();
  }
}
