/** The result of one check. A problem must be fixed; a warning costs speed or safety. */
export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'problem';
  /** One line, with what to do unless the status is `ok`. */
  readonly text: string;
}

/** A finding whose check is named by the caller. */
export type Result = Omit<Finding, 'check'>;

/** Reports that all is well. */
export const ok = (text: string): Result => ({ status: 'ok', text });
/** Reports something that costs speed or safety. */
export const warning = (text: string): Result => ({ status: 'warning', text });
/** Reports something that must be fixed. */
export const problem = (text: string): Result => ({ status: 'problem', text });
