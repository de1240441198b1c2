import { sql } from './sql.js';

/**
 * Thrown when a tenant's transaction lacks something it needs: its schema, role or privileges, a table, a column, a
 * function. Only that tenant is affected. Message and code are the database's.
 */
export class TenantBrokenError extends Error {
  readonly code: string;

  constructor(
    /** The tenant's schema. */
    readonly schema: string,
    cause: Error & { readonly code?: string },
  ) {
    super(cause.message, { cause });
    this.name = 'TenantBrokenError';
    this.code = cause.code ?? '';
  }
}

/**
 * Thrown when a tenant is closed for a moment because it moves to another cell, or has just moved there. Repeating the
 * transaction will succeed: hence the code of a failed serialisation.
 */
export class TenantMovingError extends Error {
  readonly code = '40001';

  constructor(schema: string, options?: ErrorOptions) {
    super(`${schema} is moving to another cell`, options);
    this.name = 'TenantMovingError';
  }
}

/** Returns the statement that says whether a tenant is closed for a move, or lives elsewhere. */
export const isMoving = (schema: string) => sql<{ moving: boolean }>`
  SELECT EXISTS (
    SELECT FROM public.tenants_tenant t
    WHERE t.schema_name = ${schema} AND (t.cell IS NOT NULL OR t.work_held_until > clock_timestamp())
  ) AS moving`;

/** No such schema, table, column or function, or no privilege on it. */
const BROKEN = new Set(['3F000', '42P01', '42703', '42883', '42501']);
/** PostgreSQL's error for a setting that it rejects: here, the role of a tenant that does not exist. */
const NO_ROLE = { code: '22023', message: /^role ".*" does not exist$/ };

/** Wraps an error that shows that the tenant's schema is broken; returns any other unchanged. */
export function asTenantFault(schema: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof TenantBrokenError) return error;
  const { code = '', message } = error as Error & { code?: string };
  const isBroken = BROKEN.has(code) || (code === NO_ROLE.code && NO_ROLE.message.test(message));
  return isBroken ? new TenantBrokenError(schema, error) : error;
}
