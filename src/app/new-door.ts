import type { Config } from '../config/config.js';
import { isTrusted } from '../http/client-address.js';
import { Door, LOCAL_PEER } from '../http/door.js';
import type { Lifecycle } from '../platform/lifecycle.js';
import { openLog } from '../platform/log.js';
import { answersWhileStarting } from '../routing/health-probes.js';
import { readiness } from '../routing/readiness.js';

/**
 * Returns the API's door, closed; until the application answers there, only health checks are answered.
 * @param warn called with a line where the addresses of clients will not be known
 */
export function newDoor(
  config: Config,
  lifecycle: Lifecycle,
  warn: (line: string) => void = () => undefined,
): Door {
  if (config.listen.target.kind === 'unix' && !isTrusted(LOCAL_PEER, config.trustedProxies))
    warn(
      `warning: TRUSTED_PROXIES does not list ${LOCAL_PEER}, as which the proxy counts that connects to ${config.host}: every client has that address`,
    );
  const log = openLog(config.logLevel);
  return new Door(
    config.listen.target,
    answersWhileStarting(() => readiness(lifecycle, [])),
    {
      ...config.limits,
      trustedProxies: config.trustedProxies,
      onRefused: (reason) => log.warn({ reason }, 'a connection was refused'),
    },
  );
}
