import { detailError } from '../../http/errors.js';
import type { ImportRow, ImportStatus } from './records.js';

export const ENDED: readonly ImportStatus[] = ['COMPLETED', 'CANCELLED', 'FAILED', 'UNDONE'];

/** Checks that an import's status allows an action. @throws HttpError 400 that names the status */
export function checkStatus({ status }: Pick<ImportRow, 'status'>, possible: readonly ImportStatus[]): void {
  if (possible.includes(status)) return;
  throw detailError(400, `The import is ${status}; this is possible while it is ${possible.join(' or ')}.`);
}
