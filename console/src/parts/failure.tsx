import { ApiFailure } from 'leopard-client';
import { isServerAway } from '../api/connection.ts';
import { t } from '../i18n/index.ts';

/** Returns what somebody can do about a failure. */
function advice(failure: unknown): string {
  if (!(failure instanceof ApiFailure)) return t('Reload the page. If it happens again, tell your operator.');
  const { error } = failure;
  if (isServerAway(error)) return t('Your changes are kept. Try again in a moment.');
  if (error.kind === 'throttled')
    return error.retryAfter === null
      ? t('Wait a moment, then try again.')
      : t('Try again in {{seconds}} seconds.', { seconds: error.retryAfter });
  if (error.kind === 'detail' && error.status === 403)
    return t('Ask an administrator of your agency for the permission.');
  if (error.kind === 'detail' && error.status === 404)
    return t('It may have been deleted, or lie outside of your regions and branches. Go back to the list.');
  if (error.kind === 'unexpected') return t('Reload the page. If it happens again, tell your operator.');
  return '';
}

/** A failure with what to do about it. */
export function Failure({
  error,
  onRetry,
}: {
  readonly error: unknown;
  readonly onRetry?: (() => void) | undefined;
}) {
  const id = error instanceof ApiFailure && 'requestId' in error.error ? error.error.requestId : null;
  return (
    <div className="note bad" role="alert">
      <p>
        <strong>{error instanceof Error ? error.message : String(error)}</strong> {advice(error)}
      </p>
      {id && (
        <p className="help">
          {t('Request')} <code>{id}</code>
        </p>
      )}
      {onRetry && (
        <button type="button" onClick={onRetry}>
          {t('Try again')}
        </button>
      )}
    </div>
  );
}
