import { ok, type ProductionCheck, warning } from '../check.js';

/** Checks that backups of agencies are scheduled; doctor's own check tells how old they are. */
export const scheduledBackupsCheck: ProductionCheck = {
  name: 'scheduled backups',
  async run({ config: { backups, services } }) {
    if (!services.has('scheduler')) return [ok('not made here: no scheduler (LEOPARD_SERVICES)')];
    if (backups.directory !== null)
      return [
        ok(`every ${backups.everyHours} hours to ${backups.directory}, kept for ${backups.keepDays} days`),
      ];
    return [
      warning(
        'no agency is backed up by the scheduler',
        'set BACKUP_DIR, or run leopard backup due by a timer (docs/backups.md)',
      ),
    ];
  },
};
