import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useServerAway } from '../api/connection.ts';
import { t } from '../i18n/index.ts';

const TRIED_EVERY_MS = 5_000;

/** Tells that the server is away, and tries again until it is back. */
export function ServerAway() {
  const isAway = useServerAway();
  const cache = useQueryClient();
  const [isTrying, setTrying] = useState(false);
  const retry = async () => {
    setTrying(true);
    await cache.refetchQueries({ type: 'active', predicate: ({ queryKey }) => queryKey[0] === 'profile' });
    await cache.refetchQueries({ type: 'active', predicate: ({ state }) => state.status === 'error' });
    setTrying(false);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: one timer as long as it is away
  useEffect(() => {
    if (!isAway) return;
    const timer = setInterval(() => void retry(), TRIED_EVERY_MS);
    return () => clearInterval(timer);
  }, [isAway]);
  if (!isAway) return null;
  return (
    <div className="banner" role="alert">
      {t('The server does not answer. What you have typed is kept; it is tried again every few seconds.')}{' '}
      <button type="button" disabled={isTrying} onClick={() => void retry()}>
        {t('Try now')}
      </button>
    </div>
  );
}
