import type { ConnectionSettings } from '../../config/config.js';
import { isDirect } from '../../database/reachability.js';
import {
  type CheckContext,
  type Line,
  type Lines,
  ok,
  type ProductionCheck,
  problem,
  unknown,
  warning,
} from '../check.js';
import { connectionsNeeded } from '../connections-needed.js';
import { leftoverSettings, type PoolMode, readPoolerConfig, seenPoolMode } from '../pooler-probe.js';

/** The oldest PgBouncer with which the program is tested. */
const OLDEST = [1, 18] as const;

/** Checks that a pooler in between works in transaction mode and keeps nothing of one client for the next. */
export const poolerCheck: ProductionCheck = {
  name: 'pooler',
  async run(context) {
    const { database } = context;
    if (!database)
      return [unknown('not looked at, since the database does not answer', 'mend that and run it again')];
    if (await isDirect(database.app)) return [ok('there is none: the program connects to the server itself')];
    return await examine(database.app, context);
  },
};

async function examine(app: ConnectionSettings, context: CheckContext): Promise<Lines> {
  const { database, config, signal } = context;
  const mode = await seenPoolMode(app, signal);
  const lines = ofMode(mode);
  if (mode === 'transaction') lines.push(...ofLeftovers(await leftoverSettings(app, signal)));
  if (!database?.direct)
    lines.push(
      warning(
        'the way past the pooler is not given, so users and agencies are read again with every request',
        'set DATABASE_DIRECT_URL to the server itself',
      ),
    );
  const told = await readPoolerConfig(app, signal);
  if (!told)
    return [
      ...lines,
      ...(lines.length === 0 ? [ok('it works in transaction mode, as seen from here')] : []),
      unknown(
        "the pooler's version and settings cannot be read",
        `let ${app.user} read them: stats_users = ${app.user} in pgbouncer.ini`,
      ),
    ];
  lines.push(...ofVersion(told.version));
  const { pooled } = connectionsNeeded(config);
  if (told.maxClients < pooled)
    lines.push(
      problem(
        `it takes ${told.maxClients} clients, and the pools of the processes have ${pooled} connections in all`,
        `set max_client_conn = ${Math.ceil((pooled * 1.5) / 100) * 100} in pgbouncer.ini`,
      ),
    );
  return lines.length > 0 ? lines : [ok(`${told.version} in transaction mode`)];
}

function ofMode(mode: PoolMode): Line[] {
  const mend = 'set pool_mode = transaction in pgbouncer.ini, for this database too, and reload it';
  switch (mode) {
    case 'transaction':
      return [];
    case 'session':
      return [
        warning(
          'it works in session mode: each connection of a pool keeps one of the server, so that nothing is saved and others wait',
          mend,
        ),
      ];
    case 'statement':
      return [
        problem('it works in statement mode, which refuses the transactions that keep agencies apart', mend),
      ];
    case 'exhausted':
      return [
        problem(
          'a second connection got none of the server in time: it works in session mode, or its pool is too small',
          `${mend}; raise default_pool_size if it is so already`,
        ),
      ];
  }
}

function ofLeftovers(settings: readonly string[]): Line[] {
  if (settings.length === 0) return [];
  return [
    warning(
      `another program leaves settings behind on connections of the pooler: ${settings.join(', ')}`,
      'let it use SET LOCAL, or give it a user or a pool of its own in pgbouncer.ini',
    ),
  ];
}

function ofVersion(version: string): Line[] {
  const [, major, minor] = /^PgBouncer (\d+)\.(\d+)/.exec(version) ?? [];
  const isOld = Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1]);
  if (!isOld) return [];
  return [
    warning(
      `${version} is older than ${OLDEST.join('.')}, with which the program is tested`,
      'update the pooler',
    ),
  ];
}
