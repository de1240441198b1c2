/** What a look at one side of the database found. Only a problem must be put right; a warning costs speed or care. */
export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'problem';
  /** One line; with what to do unless the status is `ok`. */
  readonly text: string;
}

/** A finding whose check is named by whoever asked for it. */
export type Result = Omit<Finding, 'check'>;

/** All is as it should be. */
export const ok = (text: string): Result => ({ status: 'ok', text });
/** Something costs speed or care. */
export const warning = (text: string): Result => ({ status: 'warning', text });
/** Something must be put right. */
export const problem = (text: string): Result => ({ status: 'problem', text });
