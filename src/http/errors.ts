import { setTimeout as sleep } from 'node:timers/promises';

/** Messages by field; objects and lists nest as in the body. */
export interface FieldErrors {
  [field: string]: string[] | FieldErrors;
}

/** An answer other than success: status, JSON body and further headers. Thrown anywhere below a route. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly body: object,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(`${status} ${JSON.stringify(body)}`);
    this.name = 'HttpError';
  }
}

/** A 503 for all users of a tenant whose schema is broken; the reason is for operators only. */
export class TenantOutOfOrderError extends HttpError {
  constructor(
    readonly schema: string,
    reason: string,
  ) {
    super(
      503,
      { detail: 'This account is being maintained. Try again later.' },
      { 'retry-after': String(TRY_AGAIN_IN) },
    );
    this.name = 'TenantOutOfOrderError';
    this.message = `${schema} cannot be served: ${reason}`;
  }
}

/** Seconds. */
const TRY_AGAIN_IN = 30;

/** Returns an error with the body `{"detail": …}`. */
export function detailError(status: number, detail: string, extra: object = {}): HttpError {
  return new HttpError(status, { detail, ...extra });
}

/**
 * Returns an error with the body `{"error": …}`: the form of the actions on tasks and notifications, and of the live
 * stream.
 */
export function textError(
  status: number,
  error: string,
  headers: Readonly<Record<string, string>> = {},
): HttpError {
  return new HttpError(status, { error }, headers);
}

/** Returns 404 `<Thing> not found`. */
export function notFound(thing: string): HttpError {
  return detailError(404, `${thing} not found`);
}

const PERMISSION_DENIED = 'You do not have permission to perform this action.';

/** Returns 403 in DRF's words, or in a rule's own. */
export function permissionDenied(detail = PERMISSION_DENIED): HttpError {
  return detailError(403, detail);
}

/** Returns 401 with the challenge that every such answer carries. */
export function unauthorized(detail: string, extra: object = {}): HttpError {
  return new HttpError(401, { detail, ...extra }, { 'www-authenticate': 'Bearer realm="api"' });
}

/** Returns 400 with messages by field. */
export function invalid(errors: FieldErrors): HttpError {
  return new HttpError(400, errors);
}

/** Returns 400 on one field. */
export function invalidField(field: string, message: string): HttpError {
  return invalid({ [field]: [message] });
}

/** Returns 400 for a related record that does not exist, in DRF's words. */
export function invalidPk(field: string, id: unknown): HttpError {
  return invalidField(field, `Invalid pk "${id}" - object does not exist.`);
}

/** Milliseconds after which a refusal is answered: a client in a loop would be refused thousands of times a second. */
const REFUSED_AFTER_MS = 500;

/** Waits before a 429, if the error is one, and throws it. */
export async function throwLater(error: unknown): Promise<never> {
  if (error instanceof HttpError && error.status === 429) await sleep(REFUSED_AFTER_MS);
  throw error;
}

/** Returns 429 as DRF words it. @param wait seconds */
export function throttled(wait: number): HttpError {
  const seconds = Math.max(1, Math.ceil(wait));
  const unit = seconds === 1 ? 'second' : 'seconds';
  return new HttpError(
    429,
    { detail: `Request was throttled. Expected available in ${seconds} ${unit}.` },
    { 'retry-after': String(seconds) },
  );
}
