/** The outcome of one attempt to send something. */
export interface AttemptOutcome {
  readonly sent: boolean;
  readonly durationMs: number;
  readonly statusCode: number | null;
  /** The beginning of the receiver's response. */
  readonly answer: string | null;
  /** The reason why it was not sent, in one line. */
  readonly error: string | null;
  /** Whether another attempt would fail in the same way. */
  readonly permanent?: boolean;
  /** Whether the receiver said that it wants no more deliveries (410). */
  readonly gone?: boolean;
  /** Seconds after which the receiver asks for another attempt. */
  readonly retryAfter?: number;
}

const LONGEST_ERROR = 500;
/** Error codes for a host name that does not exist or has no address. */
const UNKNOWN_NAME = new Set(['ENOTFOUND', 'ENODATA']);

/** Translates Node's message for a failed look-up of a host name; null for any other error. */
function namelessHost(message: string): string | null {
  const [, code, name] = /^(?:query[A-Z]\w*|getaddrinfo) (\w+) (\S+)$/.exec(message) ?? [];
  if (name === undefined) return null;
  return UNKNOWN_NAME.has(code!) ? `unknown host name ${name}` : `${name} could not be looked up (${code})`;
}

/** Returns an error as one line that PostgreSQL can store, at most LONGEST_ERROR characters long. */
export function shortError(error: unknown): string {
  const { message = String(error), code, errors } = error as Partial<AggregateError> & { code?: string };
  // When a host has several addresses, each one fails with its own error.
  const each = errors?.map((one: unknown) => (one as Error).message).join('; ');
  const text = namelessHost(message) || message || each || code || 'it failed without a reason';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it removes such characters
  return text.replaceAll(/[\u0000-\u001f\s]+/g, ' ').slice(0, LONGEST_ERROR);
}
