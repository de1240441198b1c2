import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionSettings } from '../config/config.js';
import { joinLines } from '../platform/join-lines.js';
import { cellLabel, cellsOf } from './cells.js';
import type { DatabaseHandle } from './connections.js';
import { type Finding, ok, problem, type Result, warning } from './finding.js';
import { type OwnerClient, withOwner } from './owner.js';
import { checkAppConnection, type RoleSettings } from './reachability.js';
import { IDENTITY, unfitness } from './replica-identity.js';
import { COMMITTED_POSITION, walPosition } from './wal-position.js';

const NAMES: RoleSettings = { user: 'DB_USER', password: 'DB_PASSWORD', url: 'DATABASE_REPLICA_URL' };
const PAUSE_MS = 50;

interface State {
  readonly isStandby: boolean;
  readonly identity: string;
  readonly isPaused: boolean;
  readonly feedback: string;
  readonly prefersReplay: boolean;
}

const STATE = `
  SELECT pg_catalog.pg_is_in_recovery() AS "isStandby", ${IDENTITY.sql} AS identity,
    CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_is_wal_replay_paused() ELSE false END AS "isPaused",
    pg_catalog.current_setting('hot_standby_feedback') AS feedback,
    pg_catalog.current_setting('max_standby_streaming_delay') = '0' AS "prefersReplay"`;

/** Checks the replicas of all cells; finds nothing where none is configured. @param mostLag in seconds */
export async function diagnoseReplicas(catalogue: DatabaseHandle, mostLag: number): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name, handle } of cellsOf(catalogue)) {
    const { replica, direct = handle.app } = handle;
    if (!replica) continue;
    const result = await examineReplica(direct, replica, mostLag).catch((error: Error) =>
      problem(joinLines(error.message)),
    );
    const check = name === null ? 'replica' : `replica of ${cellLabel(name)}`;
    findings.push({ check, ...result });
  }
  return findings;
}

async function examineReplica(
  primary: ConnectionSettings,
  replica: ConnectionSettings,
  mostLag: number,
): Promise<Result> {
  await checkAppConnection(replica, NAMES);
  return await withOwner(primary, async (there) =>
    withOwner(replica, async (client) => {
      const state = (await client.query<State>(STATE)).rows[0] as State;
      const { rows } = await there.query<{ identity: string; position: string }>(
        `SELECT ${IDENTITY.sql} AS identity, (${COMMITTED_POSITION.sql})::text AS position`,
      );
      const unfit = unfitness(state, rows[0]?.identity ?? '');
      if (unfit)
        return problem(`${unfit}; all reads go to the primary: set DATABASE_REPLICA_URL to its standby`);
      if (state.isPaused)
        return problem('its replay is paused; on it, as a superuser run: SELECT pg_wal_replay_resume()');
      const seconds = await secondsUntil(client, walPosition(rows[0]?.position), mostLag);
      if (seconds === null)
        return problem(
          `it is more than ${mostLag} s behind (DATABASE_REPLICA_MAX_LAG), so all reads go to the primary; look at its log, its disk and the network`,
        );
      const behind = `${seconds.toFixed(1)} s behind`;
      if (state.feedback === 'off' || state.prefersReplay)
        return warning(
          `${behind}; long reads may be cancelled, and repeated at the primary: on the replica set hot_standby_feedback = on and max_standby_streaming_delay = 30s`,
        );
      return ok(`follows, ${behind}`);
    }),
  );
}

/** Returns the seconds until a position is replayed; null where that takes longer than `most`. */
async function secondsUntil(client: OwnerClient, position: number, most: number): Promise<number | null> {
  const begun = performance.now();
  for (;;) {
    const { rows } = await client.query<{ replayed: string | null }>(
      'SELECT pg_catalog.pg_last_wal_replay_lsn()::text AS replayed',
    );
    const seconds = (performance.now() - begun) / 1000;
    if (walPosition(rows[0]?.replayed) >= position) return seconds;
    if (seconds > most) return null;
    await sleep(PAUSE_MS);
  }
}
