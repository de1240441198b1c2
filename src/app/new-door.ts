import type { Config } from '../config/config.js';
import { Door } from '../http/door.js';
import type { Lifecycle } from '../platform/lifecycle.js';
import { openLog } from '../platform/log.js';
import { answersWhileStarting } from '../routing/health-probes.js';
import { readiness } from '../routing/readiness.js';

/** Returns the API's door, closed; until the application answers there, only health checks are answered. */
export function newDoor(config: Config, lifecycle: Lifecycle): Door {
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
