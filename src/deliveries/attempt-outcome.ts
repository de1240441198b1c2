/** What came of one attempt to send something. */
export interface AttemptOutcome {
  readonly sent: boolean;
  readonly durationMs: number;
  readonly statusCode: number | null;
  /** The beginning of what the receiver answered. */
  readonly answer: string | null;
  /** Why it was not sent, in one line. */
  readonly error: string | null;
  /** Another attempt would end likewise. */
  readonly permanent?: boolean;
  /** Whether the receiver said that nothing should be sent there any more. */
  readonly gone?: boolean;
  /** In how many seconds the receiver wants to be asked again. */
  readonly retryAfter?: number;
}

const LONGEST_ERROR = 500;
/** Codes of DNS and of the system: no such name, or one without an address. */
const UNKNOWN_NAME = new Set(['ENOTFOUND', 'ENODATA']);

/** Returns what a failed look-up of a host name means, of Node's word for it; null for any other error. */
function namelessHost(message: string): string | null {
  const [, code, name] = /^(?:query[A-Z]\w*|getaddrinfo) (\w+) (\S+)$/.exec(message) ?? [];
  if (name === undefined) return null;
  return UNKNOWN_NAME.has(code!) ? `unknown host name ${name}` : `${name} could not be looked up (${code})`;
}

/** A text that PostgreSQL can keep, in one line, not too long. */
export function shortError(error: unknown): string {
  const { message = String(error), code, errors } = error as Partial<AggregateError> & { code?: string };
  // When a host has several addresses, each one fails with its own error.
  const each = errors?.map((one: unknown) => (one as Error).message).join('; ');
  const text = namelessHost(message) || message || each || code || 'it failed without a reason';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: such characters are what it takes out
  return text.replaceAll(/[\u0000-\u001f\s]+/g, ' ').slice(0, LONGEST_ERROR);
}
