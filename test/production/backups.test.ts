import { describe, it } from 'vitest';
import { scheduledBackupsCheck } from '../../src/production/checks/scheduled-backups.js';
import { checked, expectLines, goodConfig } from './checking.js';

describe('scheduled backups', () => {
  it('fails where a scheduler makes none', async () => {
    expectLines(await checked(scheduledBackupsCheck), [
      ['warning', /; set BACKUP_DIR, or run leopard backup due /],
    ]);
  });
  it('passes where they are made, and where there is no scheduler', async () => {
    const made = goodConfig({ BACKUP_DIR: '/backups' });
    expectLines(await checked(scheduledBackupsCheck, { config: made }), [['ok', /24 hours to \/backups/]]);
    const elsewhere = goodConfig({ LEOPARD_SERVICES: 'api' });
    expectLines(await checked(scheduledBackupsCheck, { config: elsewhere }), [['ok', /not made here/]]);
  });
});
