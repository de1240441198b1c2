import { HttpError } from '../http/errors.js';

/** A 401 for a valid token of another tenant; the security log tells whose. */
export class ForeignTokenError extends HttpError {
  constructor(
    answer: HttpError,
    /** The tenant of the token, by name. */
    readonly tenant: string,
    /** The user's id at that tenant. */
    readonly user: string,
  ) {
    super(answer.status, answer.body, answer.headers);
  }
}
