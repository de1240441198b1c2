import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config, ConnectionSettings } from '../config/config.js';
import type { Database } from '../database/database.js';
import { type OwnerClient, withOwner } from '../database/owner.js';
import { sql } from '../database/sql.js';
import { PlainError } from '../platform/plain-error.js';
import { type BackupFile, backupFileName, backupsIn } from './backup-files.js';
import { fileSink, prepareFolder } from './backup-output.js';
import type { Scope } from './format.js';
import { unfinishedRestore } from './restore-target.js';
import { writeBackup } from './write-backup.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Time by which a backup may be of later than now, since clocks differ. */
const CLOCKS_DIFFER_MS = HOUR_MS;
/** Number of intervals after which a backup is too old. */
const OVERDUE_AFTER = 2;

/** The settings that scheduled backups need. */
export type ScheduledBackupSettings = Pick<Config, 'mediaDirectory' | 'backups'>;

/**
 * Returns the settings for the scheduled backups of a further cell: in a folder of its own, since both it and the database
 * with the catalogue have a schema `public`.
 */
export function backupsOfCell<S extends ScheduledBackupSettings>(settings: S, cell: string): S {
  const { directory } = settings.backups;
  if (directory === null) return settings;
  return { ...settings, backups: { ...settings.backups, directory: join(directory, 'cells', cell) } };
}

/** A tenant, or `public`, and the time since which it should have a backup. */
export interface Subject {
  readonly scope: Scope;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** The age of the newest backup of a tenant, or of `public`. */
export interface BackupAge {
  readonly scope: Scope;
  /** Null where there is none. */
  readonly newest: Date | null;
  /** Seconds since then or, without one, since the tenant was created. */
  readonly age: number;
  readonly isDue: boolean;
  /** Whether it is too old: more than twice the interval. */
  readonly isOverdue: boolean;
}

/** Returns the ages of the newest backups of these subjects, the oldest first. */
export async function backupAges(
  subjects: readonly Subject[],
  { directory, everyHours }: Config['backups'],
  now: Date,
): Promise<BackupAge[]> {
  const files =
    directory === null ? new Map<string, BackupFile[]>() : await backupsIn(directory).catch(missingIsEmpty);
  // One of the future was made while the clock was wrong: it would keep the next ones from being made.
  const newestFor = (subject: BackupFile['scope']): Date | undefined =>
    files.get(subject)?.find(({ at }) => at.getTime() <= now.getTime() + CLOCKS_DIFFER_MS)?.at;
  const everything = newestFor('platform');
  return subjects
    .map(({ scope, since }) => {
      const own = newestFor(scope);
      // A backup of the whole platform holds each tenant that existed then.
      const whole = everything && everything.getTime() >= since ? everything : undefined;
      const newest =
        own && whole ? new Date(Math.max(own.getTime(), whole.getTime())) : (own ?? whole ?? null);
      const age = Math.max(0, now.getTime() - (newest?.getTime() ?? since));
      return {
        scope,
        newest,
        age: Math.round(age / 1000),
        isDue: newest === null || age >= everyHours * HOUR_MS,
        isOverdue: age >= OVERDUE_AFTER * everyHours * HOUR_MS,
      };
    })
    .sort((a, b) => b.age - a.age);
}

/** Returns the ages of the newest backups of all tenants, the oldest first. @throws as backupState */
export async function agesOfAll(client: OwnerClient, settings: Config['backups']): Promise<BackupAge[]> {
  const { rows } = await client.query<Subject>(SUBJECTS.sql);
  return await backupAges(rows, settings, new Date());
}

/**
 * Returns how old the backups of all tenants are, in two figures. A folder that cannot be read counts as empty, so that
 * the alarm does not fall silent with it.
 * @throws errors of the database
 */
export async function backupState(database: Database, settings: Config['backups']) {
  const subjects = await database.publicQuery(SUBJECTS);
  const now = new Date();
  const ages = await backupAges(subjects, settings, now).catch(() =>
    backupAges(subjects, { ...settings, directory: null }, now),
  );
  return { oldestAge: ages[0]?.age ?? 0, overdue: ages.filter(({ isOverdue }) => isOverdue).length };
}

/**
 * Returns the figures of backupState over the databases of all cells; a cell that does not answer is left out, which has an
 * alarm of its own.
 * @throws errors of the database with the catalogue
 */
export async function stateOfAllBackups(
  main: Database,
  settings: ScheduledBackupSettings,
  cells: readonly { readonly name: string; readonly database: Database }[],
) {
  const states = [await backupState(main, settings.backups)];
  for (const { name, database } of cells) {
    const { backups } = backupsOfCell(settings, name);
    states.push(
      ...(await backupState(database, backups).then(
        (state) => [state],
        () => [],
      )),
    );
  }
  return {
    oldestAge: Math.max(...states.map(({ oldestAge }) => oldestAge)),
    overdue: states.reduce((sum, { overdue }) => sum + overdue, 0),
  };
}

function missingIsEmpty(error: NodeJS.ErrnoException): Map<string, BackupFile[]> {
  if (error.code === 'ENOENT') return new Map();
  throw error;
}

/** The statement that returns the subjects of backups: `public` first, then every tenant, whatever its state. */
const SUBJECTS = sql<Subject>`
  SELECT scope, extract(epoch FROM since)::double precision * 1000 AS since FROM (
    SELECT 'public' AS scope, coalesce(min(created_at), now()) AS since, 0::bigint AS place FROM public.tenants_tenant
    UNION ALL SELECT schema_name, created_at, id FROM public.tenants_tenant WHERE cell IS NULL
  ) subjects ORDER BY place`;

export interface DueBackupsOptions {
  readonly signal: AbortSignal;
  /** Milliseconds after which no further backup is begun: the next run goes on. */
  readonly turn?: number;
  readonly now?: Date;
  readonly onBackup?: (scope: Scope) => void;
}

export interface DueBackups {
  readonly done: readonly Scope[];
  readonly failures: readonly { readonly scope: Scope; readonly error: Error }[];
  /** Number of files removed because they were too old. */
  readonly removed: number;
}

/**
 * Backs up each tenant, and `public`, whose newest backup is older than the interval, the oldest first, and removes
 * backups that are too old. A failure at one tenant does not affect the others.
 * @throws PlainError while a restore is unfinished; errors of the database and the folder that no single tenant causes
 */
export async function makeDueBackups(
  owner: ConnectionSettings,
  { mediaDirectory, backups }: ScheduledBackupSettings,
  { signal, turn = Number.POSITIVE_INFINITY, now = new Date(), onBackup }: DueBackupsOptions,
): Promise<DueBackups> {
  const directory = backups.directory!;
  await prepareFolder(directory); // also where nothing is due
  const subjects = await withOwner(owner, async (client) => {
    if (await unfinishedRestore(client))
      throw new PlainError(
        'no backups are made while a restore has begun and not ended: they would take the place of complete ones',
      );
    return (await client.query<Subject>(SUBJECTS.sql)).rows;
  });
  const due = (await backupAges(subjects, backups, now)).filter(({ isDue }) => isDue);
  const done: Scope[] = [];
  const failures: { scope: Scope; error: Error }[] = [];
  const begun = performance.now();
  for (const { scope } of due) {
    if (signal.aborted || performance.now() - begun > turn) break;
    try {
      const sink = await fileSink(join(directory, backupFileName(scope, now)));
      const files = backups.withFiles ? mediaDirectory : null;
      await writeBackup(owner, sink, { schema: scope, mediaDirectory: files, signal });
      done.push(scope);
      onBackup?.(scope);
    } catch (error) {
      if (!signal.aborted) failures.push({ scope, error: error as Error });
    }
  }
  const present = new Set(subjects.map(({ scope }) => scope));
  return { done, failures, removed: await removeOld(directory, backups.keepDays, present, now) };
}

/** Removes backups older than this, but never the newest of a tenant that exists. */
async function removeOld(
  directory: string,
  keepDays: number,
  present: ReadonlySet<Scope>,
  now: Date,
): Promise<number> {
  if (keepDays === 0) return 0;
  let removed = 0;
  for (const [scope, files] of await backupsIn(directory)) {
    const kept = present.has(scope) || scope === 'platform' ? 1 : 0;
    for (const { name, at } of files.slice(kept)) {
      if (now.getTime() - at.getTime() <= keepDays * DAY_MS) continue;
      await rm(join(directory, name), { force: true });
      removed++;
    }
  }
  return removed;
}
