import type { ProductionCheck } from '../check.js';
import { agencies } from './agencies.js';
import { agenciesCertificatesCheck } from './agencies-certificates.js';
import { agenciesDnsCheck } from './agencies-dns.js';
import { backupFolderCheck } from './backup-folder.js';
import { certificateCheck } from './certificate.js';
import { checksumsCheck } from './checksums.js';
import { clockCheck } from './clock.js';
import { connectionsCheck } from './connections.js';
import { corsCheck } from './cors.js';
import { databaseEncryptionCheck } from './database-encryption.js';
import { debugCheck } from './debug.js';
import { disksCheck } from './disks.js';
import { durabilityCheck } from './durability.js';
import { emailCheck } from './email.js';
import { fileModesCheck } from './file-modes.js';
import { filesCheck } from './files.js';
import { hostsCheck } from './hosts.js';
import { httpsCheck } from './https.js';
import { idleTransactions } from './idle-transactions.js';
import { keysFileCheck } from './keys-file.js';
import { locksCheck } from './locks.js';
import { logCheck } from './log.js';
import { memoryCheck } from './memory.js';
import { monitoringCheck } from './monitoring.js';
import { openFilesCheck } from './open-files.js';
import { poolerCheck } from './pooler.js';
import { publishedLoginsCheck } from './published-logins.js';
import { replication } from './replication.js';
import { scheduledBackupsCheck } from './scheduled-backups.js';
import { schedulerCheck } from './scheduler.js';
import { secretKeyCheck } from './secret-key.js';
import { settingNamesCheck } from './setting-names.js';
import { timeZonesCheck } from './time-zones.js';
import { userCheck } from './user.js';
import { vacuum } from './vacuum.js';
import { walArchiveCheck } from './wal-archive.js';
import { webhooksCheck } from './webhooks.js';
import { wildcardDnsCheck } from './wildcard-dns.js';

/** Checks of one database and its server, which each cell has. */
const OF_DATABASE: readonly ProductionCheck[] = [
  databaseEncryptionCheck,
  poolerCheck,
  connectionsCheck,
  locksCheck,
  agencies(),
  durabilityCheck,
  checksumsCheck,
  vacuum(),
  idleTransactions(),
  replication(),
  walArchiveCheck,
  timeZonesCheck,
  schedulerCheck,
];

/** All checks of `leopard doctor --production`, in the order in which docs/production-checklist.md describes them. */
export const CHECKS: readonly ProductionCheck[] = [
  // settings
  settingNamesCheck,
  debugCheck,
  secretKeyCheck,
  keysFileCheck,
  publishedLoginsCheck,
  hostsCheck,
  httpsCheck,
  corsCheck,
  webhooksCheck,
  logCheck,
  // the way from the Internet, and to it
  wildcardDnsCheck,
  agenciesDnsCheck,
  certificateCheck,
  agenciesCertificatesCheck,
  monitoringCheck,
  emailCheck,
  // this machine
  userCheck,
  fileModesCheck,
  filesCheck,
  disksCheck,
  memoryCheck,
  openFilesCheck,
  clockCheck,
  // the database
  ...OF_DATABASE,
  scheduledBackupsCheck,
  backupFolderCheck,
];

/** Those that are asked of each further cell's database too. */
export const CHECKS_OF_CELLS: readonly ProductionCheck[] = [publishedLoginsCheck, clockCheck, ...OF_DATABASE];
