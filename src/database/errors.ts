import { TenantBrokenError } from './tenant-fault.js';

/** A failure of the database as its caller has to see it. */
export type DatabaseFailure =
  | { readonly kind: 'invalid' } // a value that PostgreSQL cannot store
  | { readonly kind: 'broken'; readonly schema: string } // a tenant's schema lacks something
  /** Not reachable, too slow or, if `full`, out of disk space. */
  | { readonly kind: 'unavailable'; readonly full?: true }
  | { readonly kind: 'conflict'; readonly constraint: string };

// 25006: a read-only server, such as one that is no longer the primary.
const UNAVAILABLE = /^(08|53|57|58)|^55P03$|^40|^25(006|P03|P04)$/;
const DISK_FULL = '53100';
/** Operating-system errors that the server reports under other codes: an exceeded quota as an internal error. */
const FULL_MESSAGE = /No space left on device|Disk quota exceeded/;
const UNWRITABLE_MESSAGE = /Read-only file system|Input\/output error/;
const CONNECTION_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOENT', 'ETIMEDOUT', 'ENOTFOUND']);
const CONNECTION_MESSAGE =
  /^(Connection terminated|timeout expired|timeout exceeded when trying to connect|Client was closed|Client has encountered a connection error)/i;

/** Classifies an error of the driver; null when it is no failure of the database, or a bug of the program. */
export function databaseFailure(error: unknown): DatabaseFailure | null {
  if (!(error instanceof Error)) return null;
  if (error instanceof TenantBrokenError) return { kind: 'broken', schema: error.schema };
  const { code = '', constraint = '' } = error as { code?: string; constraint?: string };
  if (code === DISK_FULL || (/^[0-9A-Z]{5}$/.test(code) && FULL_MESSAGE.test(error.message)))
    return { kind: 'unavailable', full: true };
  if (/^[0-9A-Z]{5}$/.test(code) && UNWRITABLE_MESSAGE.test(error.message)) return { kind: 'unavailable' };
  if (/^22...$/.test(code)) return { kind: 'invalid' };
  if (/^23...$/.test(code)) return { kind: 'conflict', constraint };
  if (UNAVAILABLE.test(code) || CONNECTION_CODES.has(code) || CONNECTION_MESSAGE.test(error.message)) {
    return { kind: 'unavailable' };
  }
  return null;
}

/** Returns whether an error says that the server cannot be reached at present, not that this work cannot be done. */
export function isOutage(error: unknown): boolean {
  const { code = '' } = error as { code?: string };
  return databaseFailure(error)?.kind === 'unavailable' && !/^(40|55)|^57014$/.test(code);
}
