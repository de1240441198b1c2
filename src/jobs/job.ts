import type { Database } from '../database/database.js';
import { joinLines } from '../platform/join-lines.js';

/** The settings that jobs need. */
export interface JobSettings {
  /** Number of days before its due date from which a task is due soon. */
  readonly tasksDueSoonDefaultDays: number;
  /** Days for which entries of the audit log are kept; 0: for ever. */
  readonly auditRetentionDays: number;
  readonly securityLog: {
    /** Days for which events of the security log are kept; 0: for ever. */
    readonly retentionDays: number;
  };
  readonly accounts: {
    /** Days for which a device of a user is known after it was last seen. */
    readonly knownDeviceDays: number;
  };
  readonly loginFailures: {
    /** Seconds for which a failed log-in counts. */
    readonly window: number;
  };
}

/** One run of a job. */
export interface JobRun {
  readonly database: Database;
  readonly settings: JobSettings;
  /** Restricts the run to this tenant, by its schema; null for all. */
  readonly schema: string | null;
  /** Includes tenants that have nothing due according to the stored times. */
  readonly everywhere: boolean;
  /** Changes nothing, and reports what would have been done. */
  readonly dryRun: boolean;
  /** The time to take for now, in ISO 8601; null for the database's own. */
  readonly moment: string | null;
  /** Asks the run to end soon; the next one does what it leaves. */
  readonly signal: AbortSignal;
}

export interface JobResult {
  /** Number of notifications made, or of rows removed. */
  readonly done: number;
  /** The number for each tenant where something was done. */
  readonly tenants: readonly { readonly schema: string; readonly done: number }[];
  /** The failures by tenant; the other tenants' work is done all the same. */
  readonly failures: readonly { readonly schema: string; readonly error: string }[];
}

/**
 * Scheduled work. A run does what is due and not done yet, whenever that became due, so the next run makes up for
 * missed ones; it may be interrupted or overlap with another at any point.
 */
export interface Job {
  readonly name: string;
  readonly summary: string;
  /** Seconds from one run to the next. */
  readonly every: number;
  /** Runs the job. @throws database errors that no single tenant causes */
  run(run: JobRun): Promise<JobResult>;
}

/** Returns an error in one readable line. */
export function messageOf(error: unknown): string {
  return joinLines(error instanceof Error ? error.message : String(error));
}
