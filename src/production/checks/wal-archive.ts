import { type Line, ok, type ProductionCheck, problem, warning } from '../check.js';

interface Facts {
  readonly mode: string;
  readonly level: string;
  readonly isFailing: boolean;
  readonly lastFailed: string | null;
  readonly archived: number;
}

const FACTS = `
  SELECT current_setting('archive_mode') AS mode, current_setting('wal_level') AS level,
    coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) AS "isFailing",
    last_failed_wal AS "lastFailed", archived_count::integer AS archived
  FROM pg_catalog.pg_stat_archiver`;

/** Checks that the write-ahead log is archived, from which a database is restored to any moment. */
export const walArchiveCheck: ProductionCheck = {
  name: 'wal archive',
  async ask(client, { database }) {
    const { rows } = await client.query<Facts>(FACTS);
    const { mode, level, isFailing, lastFailed, archived } = rows[0]!;
    const lines: Line[] = [];
    if (level === 'minimal')
      lines.push(
        warning(
          'wal_level is minimal: neither base backups nor standbys are possible',
          'set wal_level = replica and restart PostgreSQL',
        ),
      );
    if (mode !== 'off' && isFailing)
      lines.push(
        problem(
          `the archive does not take the write-ahead log (${lastFailed}), which grows until the disk is full`,
          'look at archive_command and at the log of PostgreSQL',
        ),
      );
    if (mode === 'off' && database?.kind === 'server')
      lines.push(
        warning(
          'the write-ahead log is not archived: a restore loses everything since the last backup',
          'set up pgBackRest or barman (docs/backups.md)',
        ),
      );
    if (lines.length > 0) return lines;
    return [ok(mode === 'off' ? 'none, beside the embedded database' : `${archived} files are archived`)];
  },
};
