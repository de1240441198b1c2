import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { backupFolderCheck } from '../../src/production/checks/backup-folder.js';
import { scheduledBackupsCheck } from '../../src/production/checks/scheduled-backups.js';
import { smallDisk } from '../helpers/small-disk.js';
import { checked, expectLines, goodConfig } from './checking.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'leopard-checks-'));
});
afterAll(() => {
  disk?.remove();
  rmSync(folder, { recursive: true, force: true });
});
const disk = smallDisk(32);

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

describe('backup folder', () => {
  const place = (name: string, parent = folder) => {
    const BACKUP_DIR = join(parent, name);
    mkdirSync(BACKUP_DIR, { mode: 0o700 });
    return BACKUP_DIR;
  };
  const config = (changes: NodeJS.ProcessEnv) => goodConfig({ MEDIA_DIR: folder, ...changes });

  it('fails where it is missing', async () => {
    const BACKUP_DIR = join(folder, 'missing');
    const changes = [{ BACKUP_DIR }, { BACKUP_DIR: '/dev/null' }];
    for (const each of changes)
      expectLines(await checked(backupFolderCheck, { config: config(each) }), [
        ['problem', /no folder .*; create it/],
      ]);
    const elsewhere = config({ BACKUP_DIR, LEOPARD_SERVICES: 'api' });
    expectLines(await checked(backupFolderCheck, { config: elsewhere }), [['ok', /not here/]]);
  });
  it('fails where others may read them, and on the disk of what they hold', async () => {
    const BACKUP_DIR = place('open-backups');
    chmodSync(BACKUP_DIR, 0o755);
    expectLines(await checked(backupFolderCheck, { config: config({ BACKUP_DIR }) }), [
      ['problem', /others on this machine may look into .*; run: chmod o-rwx/],
      ['warning', /same disk as the uploaded files.*; set BACKUP_DIR to another disk/],
    ]);
  });
  it.runIf(disk)('fails where their disk is full', async () => {
    const BACKUP_DIR = place('backups', disk?.path);
    expectLines(await checked(backupFolderCheck, { config: config({ BACKUP_DIR }) }), [
      [
        'problem',
        /only \d+ MiB can be written for backups .*; make room on that disk, or lower BACKUP_KEEP_DAYS/,
      ],
    ]);
  });
  it('passes on a disk of its own', async () => {
    const BACKUP_DIR = place('good-backups');
    const lines = await checked(backupFolderCheck, { config: config({ BACKUP_DIR, MEDIA_DIR: '/proc' }) });
    expectLines(lines, [['ok', /good-backups, on a disk of its own/]]);
    expectLines(await checked(backupFolderCheck), [['ok', /BACKUP_DIR is not set/]]);
  });
});
