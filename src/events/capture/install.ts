import type { OwnerClient } from '../../database/owner.js';
import { PlainError } from '../../platform/plain-error.js';
import type { Capture } from './capture.js';

/** Thrown when the triggers that capture a tenant's events could not be created. */
class CaptureFailedError extends PlainError {
  override readonly name = 'CaptureFailedError';

  constructor(schema: string, cause: Error) {
    super(`the capture of events of ${schema} could not be installed: ${cause.message}`, { cause });
  }
}

/** Returns the checksum of a tenant's present capture; null when there is none. */
export async function captureChecksum(client: OwnerClient, schema: string): Promise<string | null> {
  const { rows } = await client.query<{ checksum: string }>(
    'SELECT checksum FROM public.event_capture WHERE schema_name = $1',
    [schema],
  );
  return rows[0]?.checksum ?? null;
}

/**
 * Runs without checks of the functions, which the program's tests have made: a check looks each function up among those
 * of its name in all schemas.
 */
const unchecked = (sql: string) =>
  `SET LOCAL check_function_bodies TO off; ${sql}; SET LOCAL check_function_bodies TO DEFAULT`;

/**
 * Installs the capture of events in a tenant's schema and records it. Runs in the caller's transaction, whose
 * search_path must be that schema, and which must not wait long for locks (`inLockingTransaction`) if the schema is in
 * use.
 * @param isNew whether this transaction has made the schema, so that no capture is there
 * @throws CaptureFailedError, after which the transaction must be rolled back
 */
export async function installCapture(
  client: OwnerClient,
  schema: string,
  capture: Capture,
  isNew = false,
): Promise<void> {
  await client.query(unchecked(isNew ? capture.sqlForNew : capture.sql)).catch((error: Error) => {
    throw new CaptureFailedError(schema, error);
  });
  await client.query(
    `INSERT INTO public.event_capture AS known (schema_name, checksum) VALUES ($1, $2)
     ON CONFLICT (schema_name) DO UPDATE SET
       checksum = excluded.checksum,
       superseded = CASE WHEN known.checksum = excluded.checksum THEN known.superseded
         ELSE array_append(array_remove(known.superseded, excluded.checksum), known.checksum) END,
       installed_at = now()`,
    [schema, capture.checksum],
  );
}
