import type { Config } from '../config/config.js';
import type { DatabaseHandle } from '../database/connections.js';
import type { OwnerClient } from '../database/owner.js';

/** The result of a check, `problem` being the gravest; `unknown`: it cannot be told from here. */
export type Level = 'ok' | 'unknown' | 'warning' | 'problem';

/** One line of a check. All that is not well says what to do. */
export type Line =
  | { readonly level: 'ok'; readonly text: string }
  | {
      readonly level: Exclude<Level, 'ok'>;
      readonly text: string;
      /** An instruction, as a sentence without a full stop. */
      readonly mend: string;
    };

export type Lines = readonly Line[];

/** Reports that all is well. */
export const ok = (text: string): Line => ({ level: 'ok', text });
/** Reports what cannot be told from here. @param mend how it is looked at, or made visible */
export const unknown = (text: string, mend: string): Line => ({ level: 'unknown', text, mend });
/** Reports what costs speed or safety. */
export const warning = (text: string, mend: string): Line => ({ level: 'warning', text, mend });
/** Reports what must be mended before people work with the program. */
export const problem = (text: string, mend: string): Line => ({ level: 'problem', text, mend });

/** The database as checks use it. */
type CheckedDatabase = Pick<DatabaseHandle, 'kind' | 'app' | 'direct' | 'owner'>;

/** The surroundings of a check, beside the machine. */
export interface CheckContext {
  readonly config: Config;
  /** The folder of the file `.env`. */
  readonly directory: string;
  /** The variables beside that file. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Null where it does not answer. */
  readonly database: CheckedDatabase | null;
  /** Ends with the time of the check. */
  readonly signal: AbortSignal;
  /** The end of its time, in milliseconds as performance.now() counts them. */
  readonly until: number;
  /** Certificates of authorities that are trusted, as PEM; Node's own when not given. */
  readonly authorities?: string;
  /** Milliseconds since 1970; the machine's clock when not given. */
  readonly now?: () => number;
}

/** The surroundings of all checks. */
export type Surroundings = Omit<CheckContext, 'signal' | 'until'>;

interface Named {
  /** Its name in the first column. */
  readonly name: string;
  /** Its time in milliseconds; the usual one when not given. */
  readonly within?: number;
}

/** A check of one subject. It changes nothing, and ends when its signal is aborted. */
export type ProductionCheck = Named &
  (
    | { readonly run: (context: CheckContext) => Promise<Lines> }
    /** A check with a connection of its own: as the program's role, past a pooler where the way is given. */
    | { readonly ask: (client: OwnerClient, context: CheckContext) => Promise<Lines> }
  );
