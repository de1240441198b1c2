import type { IncomingMessage } from 'node:http';
import { detailError, type HttpError } from './errors.js';

/** The limits of a body, in bytes. */
export interface BodyLimits {
  /** Of everything that is sent, whether kept or dropped. */
  readonly whole: number;
  /** Of one field of a form, and of JSON and urlencoded bodies as a whole. */
  readonly field: number;
  /** Of the kept part of one file; 0: files are dropped. */
  readonly file: number;
}

/** Counts bytes that are kept in memory until the request is done. @throws HttpError where there are too many */
export type TakeBytes = (bytes: number) => void;

/** The properties of a route on which its limits depend. */
interface BodyTaker {
  readonly policy: { readonly kind: string };
  readonly upload?: boolean;
  readonly largestFile?: number;
}

export const LARGEST_FILE = 5 * 1024 * 1024;
const LARGEST_BODY = 2_621_440; // Django's DATA_UPLOAD_MAX_MEMORY_SIZE
/**
 * Maximum size of a body that anybody may send. A token in it is one that fits into a request's head, for which Node
 * takes as much.
 */
const LARGEST_PUBLIC_BODY = 16_384;
/** Multiple of a file's limit up to which the answer can still name the file; a larger body is refused unread. */
const NAMED_UP_TO = 4;
/** Maximum number of bytes read from a client that goes on sending after its body was refused. */
const MOST_DROPPED = 32 * 1024 * 1024;

const LIMITS: Readonly<Record<'public' | 'signedIn', BodyLimits>> = {
  public: { whole: LARGEST_PUBLIC_BODY, field: LARGEST_PUBLIC_BODY, file: 0 },
  signedIn: { whole: LARGEST_BODY, field: LARGEST_BODY, file: 0 },
};

/** Returns the limits of a route's body. */
export function bodyLimitsOf({ policy, upload, largestFile = LARGEST_FILE }: BodyTaker): BodyLimits {
  if (policy.kind === 'public') return LIMITS.public;
  if (!upload) return LIMITS.signedIn;
  return { whole: NAMED_UP_TO * largestFile + LARGEST_BODY, field: LARGEST_BODY, file: largestFile };
}

export function tooLarge(): HttpError {
  return detailError(413, 'Request body is too large.');
}

/** Checks the announced size of a body. @throws HttpError 413, before anything is read */
export function checkAnnounced(payload: IncomingMessage, { whole }: BodyLimits): void {
  if (!(Number(payload.headers['content-length']) > whole)) return;
  dropRest(payload);
  throw tooLarge();
}

/**
 * Reads and drops the rest of a refused body, since a client that is still sending would not see the answer. One that
 * goes on for too long loses its connection.
 */
export function dropRest(payload: IncomingMessage): void {
  let dropped = 0;
  payload.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > MOST_DROPPED) payload.destroy();
  });
  payload.on('error', () => undefined);
  payload.resume();
}
