import type { Config } from '../config/config.js';
import { type Connections, connectionsOf } from '../config/pool-sizes.js';
import type { ProcessGroup } from '../config/production-settings.js';

/**
 * Returns the maximum number of connections of all processes.
 * @param listening the number of connections for notices that are open now, from which the number of processes follows
 * where DOCTOR_PROCESSES does not tell it
 */
export function connectionsNeeded(
  config: Config,
  listening = 0,
): Connections & { readonly groups: readonly ProcessGroup[] } {
  const groups = config.production.processes;
  const own = connectionsOf(config.services, config);
  const seen = own.listening === 0 ? 1 : Math.max(1, Math.ceil(listening / own.listening));
  const all = groups.length > 0 ? groups : [{ services: config.services, count: seen }];
  const each = all.map(({ services, count }) => ({ count, ...connectionsOf(services, config) }));
  const sum = (of: keyof Connections) => each.reduce((total, group) => total + group.count * group[of], 0);
  return { pooled: sum('pooled'), listening: sum('listening'), groups: all };
}
