/** The time limit of connections. */
export interface AnswerLimit {
  /** Timeout for connecting, and for a sign of life from a silent server, in milliseconds; the default if not given. */
  readonly answersWithin?: number;
}

/** The settings of connections to a PostgreSQL server as one role. */
export interface ConnectionSettings extends AnswerLimit {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}
