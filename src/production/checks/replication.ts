import type { OwnerClient } from '../../database/owner.js';
import { type Line, ok, type ProductionCheck, problem, unknown, warning } from '../check.js';

const MEBIBYTE = 1024 * 1024;

/** Limits beyond which replication is reported. */
export interface ReplicationLimits {
  /** Bytes of write-ahead log that a standby may be behind. */
  readonly behindBytes: number;
  readonly behindSeconds: number;
  /** Bytes of write-ahead log that an unused slot may keep before the disk is in danger. */
  readonly keptBytes: number;
}

const LIMITS: ReplicationLimits = {
  behindBytes: 256 * MEBIBYTE,
  behindSeconds: 60,
  keptBytes: 10_240 * MEBIBYTE,
};

interface Slot {
  readonly name: string;
  readonly active: boolean;
  readonly status: string | null;
  readonly kept: number | null;
}

interface Standby {
  readonly name: string;
  readonly state: string | null;
  readonly sync: string | null;
  readonly behind: number | null;
  readonly seconds: number | null;
}

/** Checks that standbys follow, and that no forgotten slot fills the disk with write-ahead log. */
export function replication(limits: Partial<ReplicationLimits> = {}): ProductionCheck {
  const most = { ...LIMITS, ...limits };
  return {
    name: 'replication',
    async ask(client) {
      const { rows } = await client.query<{ recovers: boolean; names: string }>(
        "SELECT pg_is_in_recovery() AS recovers, current_setting('synchronous_standby_names') AS names",
      );
      if (rows[0]?.recovers)
        return [
          problem(
            'the program is connected to a standby, which takes no changes',
            'set DATABASE_URL (or DB_HOST) to the primary server',
          ),
        ];
      const [slots, standbys] = [await readSlots(client), await readStandbys(client)];
      const lines = [
        ...slots.flatMap((slot) => ofSlot(slot, most)),
        ...standbys.flatMap((standby) => ofStandby(standby, most)),
      ];
      const isAwaited = rows[0]?.names !== '';
      const hasHidden = standbys.some(({ state }) => state === null);
      if (isAwaited && !hasHidden && !standbys.some(({ sync }) => sync === 'sync' || sync === 'quorum'))
        lines.push(
          problem(
            `commits wait for a synchronous standby (${rows[0]?.names}), and none is connected`,
            'start it, or empty synchronous_standby_names and reload PostgreSQL',
          ),
        );
      if (hasHidden)
        lines.push(
          unknown(
            'how far standbys are behind is hidden from this role',
            'as a superuser run, on PostgreSQL 16 and newer: GRANT pg_read_all_stats TO leopard_app WITH INHERIT TRUE, or whatever DB_USER is',
          ),
        );
      if (lines.length > 0) return lines;
      return [ok(`${standbys.length} standbys follow, ${slots.length} slots are in use`)];
    },
  };
}

async function readSlots(client: OwnerClient): Promise<Slot[]> {
  const { rows } = await client.query<Slot>(
    `SELECT slot_name AS name, active, wal_status AS status,
       pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::float8 AS kept
     FROM pg_catalog.pg_replication_slots WHERE NOT temporary ORDER BY 1 LIMIT 50`,
  );
  return rows;
}

async function readStandbys(client: OwnerClient): Promise<Standby[]> {
  const { rows } = await client.query<Standby>(
    `SELECT coalesce(nullif(application_name, ''), 'pid ' || pid) AS name, state, sync_state AS sync,
       pg_wal_lsn_diff(pg_current_wal_lsn(), coalesce(replay_lsn, flush_lsn, write_lsn))::float8 AS behind,
       extract(epoch FROM replay_lag)::float8 AS seconds
     FROM pg_catalog.pg_stat_replication ORDER BY 1 LIMIT 50`,
  );
  return rows;
}

function ofSlot({ name, active, status, kept }: Slot, { keptBytes }: ReplicationLimits): Line[] {
  const drop = `drop it if nobody needs it: SELECT pg_drop_replication_slot('${name}')`;
  if (status === 'lost')
    return [
      problem(
        `the slot ${name} has lost its write-ahead log, so its standby cannot follow`,
        `build the standby anew; ${drop}`,
      ),
    ];
  if (active) return [];
  const amount = `${Math.round((kept ?? 0) / MEBIBYTE)} MiB of write-ahead log`;
  const isGrave = (kept ?? 0) > keptBytes;
  return [
    (isGrave ? problem : warning)(
      `nobody reads the slot ${name}, which keeps ${amount} and more every day until the disk is full`,
      `start its standby, or ${drop}; max_slot_wal_keep_size limits what slots keep`,
    ),
  ];
}

function ofStandby({ name, behind, seconds }: Standby, limits: ReplicationLimits): Line[] {
  const isBehind = (behind ?? 0) > limits.behindBytes || (seconds ?? 0) > limits.behindSeconds;
  if (!isBehind) return [];
  const time = seconds === null ? '' : `, ${Math.round(seconds)} s,`;
  return [
    warning(
      `the standby ${name} is ${Math.round((behind ?? 0) / MEBIBYTE)} MiB${time} behind`,
      'look at its log, its disk and the network; after a failover now these changes would be lost',
    ),
  ];
}
