import { Gauge, type Registry } from 'prom-client';

/** The state of scheduled backups. */
export interface BackupState {
  /** Seconds since the newest backup of the agency whose newest is the oldest. */
  readonly oldestAge: number;
  /** Number of agencies, and `public`, whose newest backup is older than twice the interval. */
  readonly overdue: number;
}

/** Time for which the state is kept: a folder of many files takes a moment to read. */
const KEPT_MS = 30_000;

/** Exports the state of backups, in processes that make them. @param read reads it; when that fails, it is left out */
export function measureBackups(registry: Registry, read: () => Promise<BackupState>): void {
  let state: { readonly at: number; readonly value: Promise<BackupState | null> } | undefined;
  const current = () => {
    if (!state || performance.now() - state.at > KEPT_MS)
      state = { at: performance.now(), value: read().catch(() => null) };
    return state.value;
  };
  const gauge = (name: string, help: string, value: (state: BackupState) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        this.reset();
        const now = await current();
        if (now) this.set(value(now));
        else this.remove();
      },
    });
  gauge(
    'leopard_backup_oldest_age_seconds',
    'Time since the newest backup of the agency whose newest backup is the oldest.',
    ({ oldestAge }) => oldestAge,
  );
  gauge(
    'leopard_backups_overdue',
    'Agencies, and the shared tables, whose newest backup is older than twice BACKUP_EVERY_HOURS.',
    ({ overdue }) => overdue,
  );
}
