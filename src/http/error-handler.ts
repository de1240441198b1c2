import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AnswerTooLargeError } from '../database/answer-bounds.js';
import { databaseFailure } from '../database/errors.js';
import { shortageOf } from '../platform/system-errors.js';
import { HttpError, TenantOutOfOrderError } from './errors.js';

const BUSY = 'The service is busy. Try again.';
const TOO_LARGE = 'The answer would be too large: ask for less of it.';
const NO_ROOM = 'The service has no room left to store this. Nothing was stored.';

/** Answers an error: with its own answer, or with one that reveals no internals. */
export function handleError(error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): void {
  const answer = answerTo(error);
  if (answer instanceof TenantOutOfOrderError)
    request.log.error({ ...request.logContext, err: error, tenant: answer.schema }, answer.message);
  else if (answer.status >= 500) request.log.error({ ...request.logContext, err: error }, 'request failed');
  reply.code(answer.status).headers(answer.headers).type('application/json; charset=utf-8');
  reply.serializer(JSON.stringify).send(answer.body);
}

function answerTo(error: FastifyError | Error): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof AnswerTooLargeError) return new HttpError(400, { detail: TOO_LARGE });
  const failure = databaseFailure(error);
  const shortage = shortageOf(error);
  if (shortage?.kind === 'full') return new HttpError(507, { detail: NO_ROOM });
  if (shortage || isRefusedBySystem(error))
    return new HttpError(503, { detail: BUSY }, { 'retry-after': '30' });
  switch (failure?.kind) {
    case 'broken':
      return new TenantOutOfOrderError(failure.schema, error.message);
    case 'invalid':
      return new HttpError(400, { detail: 'A value is out of range.' });
    case 'conflict':
      return new HttpError(400, { detail: 'The change conflicts with other records.' });
    case 'unavailable':
      return failure.full
        ? new HttpError(503, { detail: NO_ROOM }, { 'retry-after': '30' })
        : new HttpError(503, { detail: BUSY }, { 'retry-after': '1' });
  }
  const status = 'statusCode' in error ? error.statusCode : undefined;
  if (status === 413) return new HttpError(413, { detail: 'Request body is too large.' });
  if (status !== undefined && status >= 400 && status < 500)
    return new HttpError(400, { detail: error.message });
  return new HttpError(500, { detail: 'Internal server error.' });
}

/** Returns whether the operating system denied access, as after a folder's owner was changed while the program ran. */
function isRefusedBySystem(error: NodeJS.ErrnoException): boolean {
  return error.syscall !== undefined && (error.code === 'EACCES' || error.code === 'EPERM');
}
