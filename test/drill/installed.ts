import type { ConnectionSettings } from '../../src/config/config.js';
import { Database } from '../../src/database/database.js';
import { PASSWORD } from '../helpers/app.js';
import type { DebianMachine } from '../helpers/debian-machine.js';
import { seedStaff } from '../helpers/staff.js';
import { type Row, tenantSql } from '../helpers/tenant-sql.js';
import type { TlsTarget } from '../helpers/tls-client.js';
import { type DrilledPlatform, logInAt } from './drilled-platform.js';

const AGENCY = 'main';
/** The machine has a network of its own, so clients come in through a socket file. */
const DOOR = '/run/https-door.sock';
/** Where Debian's PostgreSQL listens beside its port. */
const DATABASE_SOCKETS = '/run/postgresql';

/** The platform as deployment/install-debian.sh has installed it, with systemd to start again what ends. */
export class InstalledPlatform implements DrilledPlatform {
  private constructor(
    readonly machine: DebianMachine,
    readonly host: string,
    readonly target: TlsTarget,
    private readonly admin: ConnectionSettings,
    private readonly closed: () => Promise<void>,
  ) {}

  /**
   * Adds an agency with its staff, and a way in for clients, to a machine that is installed.
   * @param domain the BASE_DOMAIN of the installation
   * @param closed called when the platform is closed: who stops the machine is not its concern
   */
  static async open(
    machine: DebianMachine,
    domain: string,
    closed: () => Promise<void> = async () => {},
  ): Promise<InstalledPlatform> {
    await machine.must(`set -e
      systemd-run -q --unit=https-door --socket-property=ListenStream=${DOOR} /lib/systemd/systemd-socket-proxyd 127.0.0.1:443
      runuser -u postgres -- psql -q -c 'CREATE ROLE root LOGIN SUPERUSER'
      leopard tenants create --name Main --tenant ${AGENCY} --status ACTIVE`);
    // By a socket file, where PostgreSQL believes the kernel who asks.
    const admin = {
      ...{ host: machine.seen(DATABASE_SOCKETS), port: 5432 },
      ...{ user: 'root', password: '', database: 'leopard' },
    };
    const database = new Database(admin, { size: 1 });
    try {
      await seedStaff({ database }, `tenant_${AGENCY}`);
    } finally {
      await database.close();
    }
    const certificates = await machine.must('cat /etc/leopard/tls/fullchain.pem');
    const target = { port: 443, socketPath: machine.seen(DOOR), certificates };
    return new InstalledPlatform(machine, `${AGENCY}.${domain}`, target, admin, closed);
  }

  logIn(username: string): Promise<string> {
    return logInAt(this, username, PASSWORD);
  }

  sql(text: string, values?: unknown[]): Promise<Row[]> {
    return tenantSql(this.admin, text, values);
  }

  /** Returns the main process of each of these units; 0 for one that does not run. */
  async processes(units: readonly string[]): Promise<number[]> {
    const shown = await this.machine.must(`systemctl show -P MainPID ${units.join(' ')}`);
    return shown.split('\n').filter(Boolean).map(Number);
  }

  close(): Promise<void> {
    return this.closed();
  }
}
