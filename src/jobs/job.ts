import type { Database } from '../database/database.js';

/** What jobs need of the settings. */
export interface JobSettings {
  /** In how many days a task counts as due soon. */
  readonly tasksDueSoonDefaultDays: number;
  /** For how many days entries of the audit log are kept; 0: for ever. */
  readonly auditRetentionDays: number;
  readonly loginFailures: {
    /** Seconds for which a failed log-in counts. */
    readonly window: number;
  };
}

/** One run of a job. */
export interface JobRun {
  readonly database: Database;
  readonly settings: JobSettings;
  /** Only this tenant, by its schema; null: all of them. */
  readonly schema: string | null;
  /** Does the work of tenants that, by what is noted of them, have nothing due as well. */
  readonly everywhere: boolean;
  /** Changes nothing, and tells what would have been done. */
  readonly dryRun: boolean;
  /** The time that it counts as, in ISO 8601; null: the database's own. */
  readonly moment: string | null;
  /** Asks the run to end soon; what it leaves is done by the next one. */
  readonly signal: AbortSignal;
}

export interface JobResult {
  /** How many notifications were made, or rows removed. */
  readonly done: number;
  /** How many of them where, without the tenants where nothing was done. */
  readonly tenants: readonly { readonly schema: string; readonly done: number }[];
  /** Where it failed; the other tenants' work is done all the same. */
  readonly failures: readonly { readonly schema: string; readonly error: string }[];
}

/**
 * Work that falls due by the clock. A run does what is due and not done yet, whenever that became due, so runs that
 * were missed are made up for by the next; and it may be cut short or overlap with another anywhere.
 */
export interface Job {
  readonly name: string;
  readonly summary: string;
  /** Seconds from one run to the next. */
  readonly every: number;
  /** @throws errors of the database that no single tenant is to blame for */
  run(run: JobRun): Promise<JobResult>;
}

/** Returns an error in one line, for people. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, ' ');
}
