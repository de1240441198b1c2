import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { OwnerClient } from '../../database/owner.js';
import { freeSpace, type WrittenFolder } from '../../storage/free-space.js';
import {
  type CheckContext,
  type Line,
  ok,
  type ProductionCheck,
  problem,
  unknown,
  warning,
} from '../check.js';

const LOGS = '/var/log';
const LEVELS = { low: warning, full: problem } as const;

/** Checks the disks of logs, temporary files and PostgreSQL; those of uploaded files are the check `disk`. */
export const disksCheck: ProductionCheck = {
  name: 'disks',
  async ask(client, context) {
    const server = await serversFolders(client, context);
    const folders = [...ownFolders(context), ...(server ?? [])];
    const lines = freeSpace(folders).flatMap(({ level, text }): Line[] => {
      if (level === 'ok') return [ok(text)];
      const [what = text, mend = 'make room on that disk'] = text.split('; ');
      return [LEVELS[level](what, mend)];
    });
    if (server === null)
      lines.push(
        unknown(
          'the disks of PostgreSQL and its write-ahead log cannot be seen from here',
          'watch them on its machine (docs/observability.md), or run this there',
        ),
      );
    return lines;
  },
};

function ownFolders({ config }: CheckContext): WrittenFolder[] {
  const { file } = config.securityLog;
  return [
    ...(file ? [{ folder: dirname(file), holds: 'the security log' }] : []),
    ...(existsSync(LOGS) ? [{ folder: LOGS, holds: 'logs' }] : []),
    { folder: tmpdir(), holds: 'temporary files' },
    { folder: config.dataDirectory, holds: 'data' },
  ];
}

/** Finds PostgreSQL's folders; null where they are on another machine, or hidden from this role or user. */
async function serversFolders(
  client: OwnerClient,
  { config }: CheckContext,
): Promise<WrittenFolder[] | null> {
  const { rows } = await client.query<{ folder: string; isHere: boolean }>(
    `SELECT (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'data_directory') AS folder,
       coalesce(inet_server_addr() = inet_client_addr(), true) AS "isHere"`,
  );
  const [{ folder = null, isHere = false } = {}] = rows;
  const data = config.database.kind === 'embedded' ? join(config.database.directory, 'data') : folder;
  if (!data || !isHere || !existsSync(join(data, 'pg_wal'))) return null;
  return [
    { folder: join(data, 'pg_wal'), holds: "PostgreSQL's write-ahead log" },
    { folder: data, holds: "PostgreSQL's data" },
  ];
}
