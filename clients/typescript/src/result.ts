import type { Schemas } from './types.js';

/** The outcome of a call: the answer, or the reason why there is none. Calls do not throw. */
export type Result<T> = Success<T> | Failure;

export interface Success<T> {
  readonly ok: true;
  readonly data: T;
  readonly status: number;
  /** The request's id in the server's logs. */
  readonly requestId: string | null;
  /** Names of fields whose long values the server has cut; read the record by its id for the whole. */
  readonly truncated: readonly string[];
}

export interface Failure {
  readonly ok: false;
  readonly error: ApiError;
}

/** The reason why a call failed. `message` is for people; `kind` is for programs. */
export type ApiError =
  | FieldsError
  | DetailError
  | ThrottledError
  | UnavailableError
  | ChallengeError
  | UnexpectedError
  | SignedOutError
  | NetworkError
  | TimeoutError
  | AbortedError
  | UnsendableError
  | StorageError;

interface AnswerError {
  readonly message: string;
  readonly status: number;
  readonly requestId: string | null;
}

/** Messages by field, nested as the body is: of items of a list under their index. */
export interface FieldMessages {
  readonly [field: string]: readonly string[] | FieldMessages;
}

/** A body with wrong fields; what belongs to no field stands under `non_field_errors`. */
export interface FieldsError extends AnswerError {
  readonly kind: 'fields';
  readonly fields: FieldMessages;
}

/** A refusal with one sentence: not allowed, not found, against a rule. */
export interface DetailError extends AnswerError {
  readonly kind: 'detail';
  /** A word for programs, where the server gives one. */
  readonly code: string | null;
}

/** Too many requests or failed log-ins. */
export interface ThrottledError extends AnswerError {
  readonly kind: 'throttled';
  /** Seconds after which to try again; null where the server does not tell. */
  readonly retryAfter: number | null;
}

/** The service, or a proxy before it, cannot answer now. */
export interface UnavailableError extends AnswerError {
  readonly kind: 'unavailable';
  readonly retryAfter: number | null;
}

/** A log-in that is right so far and goes on with another step. */
export type ChallengeError = AnswerError & { readonly kind: 'challenge'; readonly challenge: string } & (
    | {
        readonly code: 'second_factor_required';
        readonly methods: readonly ('totp' | 'passkey' | 'recovery_code')[];
        /** The argument of `navigator.credentials.get`, as JSON, where the user has a passkey for this page. */
        readonly passkey: Schemas['PasskeyOptions'] | null;
      }
    | {
        readonly code: 'second_factor_enrolment_required';
        readonly methods: readonly ('totp' | 'passkey')[];
      }
    | { readonly code: 'password_change_required' }
  );

/** An answer that is not the API's, such as a proxy's page, or one beyond a bound. */
export interface UnexpectedError extends AnswerError {
  readonly kind: 'unexpected';
  readonly reason: 'redirect' | 'media_type' | 'not_json' | 'too_large' | 'endless' | 'form';
}

/** Nobody is signed in, or the session has ended. */
export interface SignedOutError {
  readonly kind: 'signed_out';
  readonly message: string;
}

/** The server was not reached, or the connection broke. */
export interface NetworkError {
  readonly kind: 'network';
  readonly message: string;
  readonly cause: unknown;
}

/** No whole answer within the time allowed. */
export interface TimeoutError {
  readonly kind: 'timeout';
  readonly message: string;
  readonly afterMs: number;
}

/** Ended by the caller's signal. */
export interface AbortedError {
  readonly kind: 'aborted';
  readonly message: string;
}

/** A request that cannot be written, such as one whose path lacks a value. */
export interface UnsendableError {
  readonly kind: 'unsendable';
  readonly message: string;
}

/** The store of tokens failed. */
export interface StorageError {
  readonly kind: 'storage';
  readonly message: string;
  readonly cause: unknown;
}

/** Returns whether a value is an error of this package rather than what was asked for. */
export function isError<T extends object>(value: T | ApiError): value is ApiError {
  return 'kind' in value && 'message' in value;
}

export function failure(error: ApiError): Failure {
  return { ok: false, error };
}

/** Returns a list of all messages of fields, with dotted paths: `contacts.0.email`. */
export function listMessages(fields: FieldMessages, prefix = ''): { path: string; message: string }[] {
  return Object.entries(fields).flatMap(([field, value]) => {
    const path = prefix + field;
    return isList(value) ? value.map((message) => ({ path, message })) : listMessages(value, `${path}.`);
  });
}

const isList = (value: readonly string[] | FieldMessages): value is readonly string[] => Array.isArray(value);

/** Thrown where an iterator has no other way to fail. */
export class ApiFailure extends Error {
  constructor(readonly error: ApiError) {
    super(error.message);
    this.name = 'ApiFailure';
  }
}
