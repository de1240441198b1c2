import type { Layout } from './layout.js';

/** The file of the program's own settings, in PostgreSQL's data. */
export const SETTINGS_FILE = 'leopard.conf';

/** postgresql.conf: what follows the first line is the operator's. */
export const MAIN_FILE = `include '${SETTINGS_FILE}' # written anew at every start
# Settings below this line are kept and win.
`;

/** Access rules: only this machine, and only with a password. */
export const ACCESS_FILE = `local all all               scram-sha-256
host  all all 127.0.0.1/32  scram-sha-256
`;

/**
 * Returns the settings for a small machine that the program shares. None of them may weaken the durability of a commit.
 */
export function serverSettings(layout: Layout, port: number): string {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: layout.socket ?? '',
    unix_socket_permissions: '0700',
    max_connections: '100',
    // A dump of all tenants locks every table and sequence of each, 125: this is for 1,000 of them.
    max_locks_per_transaction: '1152',
    // With many tenants there are hundreds of thousands of files, and after a crash each would be opened before the start.
    ...(process.platform === 'linux' && { recovery_init_sync_method: 'syncfs' }),
    shared_buffers: '256MB',
    work_mem: '8MB',
    maintenance_work_mem: '64MB',
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    wal_compression: 'on',
    // Queries here are short: compiling them costs more than it gains.
    jit: 'off',
    random_page_cost: '1.1',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // One file per weekday, so that the log does not grow for ever.
    logging_collector: 'on',
    log_directory: layout.log,
    log_filename: 'postgresql-%a.log',
    log_rotation_age: '1d',
    log_rotation_size: '0',
    log_truncate_on_rotation: 'on',
    log_line_prefix: '%m [%p] ',
    // Details would put people's addresses in the log, as in "Key (email)=(…) already exists".
    log_error_verbosity: 'terse',
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`)
    .join('');
}
