import { readText, TooLargeError } from './bytes.js';
import type { Deadline } from './deadline.js';
import type { ApiError, ChallengeError, FieldMessages, Result, UnexpectedError } from './result.js';
import { failure } from './result.js';
import { retryAfter } from './retry.js';

const LARGEST_ERROR = 1024 * 1024;
const LONGEST_MESSAGE = 2_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const UNAVAILABLE = new Set([502, 503, 504, 507]);

/** Reads JSON; `JSON.parse` unless the client was given another. */
export type ParseJson = (text: string) => unknown;

/** Reads an answer whole: its data, or the error that it tells. */
export async function readAnswer<T>(
  response: Response,
  deadline: Deadline,
  { most, parse }: { readonly most: number; readonly parse: ParseJson },
): Promise<Result<T>> {
  if (!response.ok) return failure(await readError(response, deadline));
  const text = await readBody(response, deadline, most);
  if (typeof text !== 'string') return failure(text);
  const { status, headers } = response;
  const requestId = headers.get('x-request-id');
  const truncated = headers.get('x-truncated-fields')?.split(/, */) ?? [];
  if (text === '') return { ok: true, data: undefined as T, status, requestId, truncated };
  if (!isJson(headers)) return failure(unexpected(response, 'media_type'));
  try {
    return { ok: true, data: parse(text) as T, status, requestId, truncated };
  } catch {
    return failure(unexpected(response, 'not_json'));
  }
}

/** Returns the error that an answer other than success tells. */
export async function readError(response: Response, deadline: Deadline): Promise<ApiError> {
  if (isRedirect(response)) return unexpected(response, 'redirect');
  const read = await readBody(response, deadline, LARGEST_ERROR);
  if (typeof read !== 'string' && read.kind !== 'unexpected') return read;
  const body = typeof read === 'string' && isJson(response.headers) ? parsedObject(read) : null;
  return errorOf(response, body);
}

/** Returns the error of an answer, by its status and its body: an object, or null where it is no JSON object. */
function errorOf(response: Response, body: Readonly<Record<string, unknown>> | null): ApiError {
  const { status, headers } = response;
  const requestId = headers.get('x-request-id');
  const detail = body?.detail ?? body?.error;
  const message = typeof detail === 'string' ? detail.slice(0, LONGEST_MESSAGE) : null;
  const answer = { status, requestId, message: message ?? `The server answered ${status}.` };
  // A page of another origin sees the header only where the server allows it; the sentence names the same seconds.
  const seconds = retryAfter(headers) ?? secondsIn(message);
  if (status === 429) return { kind: 'throttled', ...answer, retryAfter: seconds };
  if (UNAVAILABLE.has(status)) return { kind: 'unavailable', ...answer, retryAfter: seconds };
  if (!body) return unexpected(response, isJson(headers) ? 'not_json' : 'media_type');
  if (message === null) {
    const fields = fieldsIn(body, 0);
    return fields ? { kind: 'fields', ...answer, fields } : unexpected(response, 'form');
  }
  const code = typeof body.code === 'string' ? body.code : null;
  return challengeIn(body, code, answer) ?? { kind: 'detail', ...answer, code };
}

function challengeIn(
  body: Readonly<Record<string, unknown>>,
  code: string | null,
  answer: { readonly status: number; readonly requestId: string | null; readonly message: string },
): ChallengeError | null {
  const { challenge, methods, passkey } = body;
  if (typeof challenge !== 'string') return null;
  const known = { kind: 'challenge', ...answer, challenge } as const;
  const given = Array.isArray(methods) ? methods : [];
  if (code === 'password_change_required') return { ...known, code };
  if (code === 'second_factor_enrolment_required') return { ...known, code, methods: given };
  if (code !== 'second_factor_required') return null;
  const options = typeof passkey === 'object' && passkey !== null && 'challenge' in passkey ? passkey : null;
  return { ...known, code, methods: given, passkey: options as { challenge: string } | null };
}

const DEEPEST = 20;

/** Returns messages by field; null for a body of another form. */
function fieldsIn(body: object, depth: number): FieldMessages | null {
  const fields: [string, readonly string[] | FieldMessages][] = [];
  if (depth > DEEPEST) return null;
  for (const [field, value] of Object.entries(body)) {
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) fields.push([field, value]);
    else if (typeof value === 'object' && value !== null) {
      const inner = fieldsIn(value, depth + 1);
      if (!inner) return null;
      fields.push([field, inner]);
    } else return null;
  }
  return Object.fromEntries(fields);
}

function secondsIn(message: string | null): number | null {
  const seconds = /Expected available in (\d{1,9}) second/.exec(message ?? '')?.[1];
  return seconds === undefined ? null : Number(seconds);
}

async function readBody(response: Response, deadline: Deadline, most: number): Promise<string | ApiError> {
  try {
    return await deadline.race(readText(response.body, most));
  } catch (error) {
    if (error instanceof TooLargeError) return unexpected(response, 'too_large', error.message);
    return deadline.error ?? networkError(error);
  }
}

/** Returns whether an answer leads elsewhere; browsers do not show the status of one that they did not follow. */
function isRedirect(response: Response): boolean {
  return response.type === 'opaqueredirect' || REDIRECTS.has(response.status);
}

const isJson = (headers: Headers) =>
  /^application\/(?:[\w.-]+\+)?json\b/i.test(headers.get('content-type') ?? '');

function parsedObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

const WORDS: Readonly<Record<UnexpectedError['reason'], string>> = {
  redirect: 'a redirection, which is not followed: check the base URL',
  media_type: 'something that is not JSON',
  not_json: 'JSON that cannot be read',
  too_large: 'more than may come',
  endless: 'a list that does not end',
  form: 'JSON of another form than documented',
};

export function unexpected(
  { status, headers }: Pick<Response, 'status' | 'headers'>,
  reason: UnexpectedError['reason'],
  message = `The server answered ${status} with ${WORDS[reason]}.`,
): UnexpectedError {
  return { kind: 'unexpected', status, reason, message, requestId: headers.get('x-request-id') };
}

export function networkError(cause: unknown): ApiError {
  return { kind: 'network', message: 'The server was not reached, or the connection broke.', cause };
}

/** Returns an answer's data in another form, and a failure unchanged. */
export function mapResult<T, U>(result: Result<T>, change: (data: T) => U): Result<U> {
  return result.ok ? { ...result, data: change(result.data) } : result;
}
