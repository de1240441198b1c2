import { FAKETIME } from '../helpers/faketime.js';
import type { Drill, Happening } from './drill.js';
import type { InstalledPlatform } from './installed.js';

/** Something that happens to the installed machine, whose parts systemd starts again. */
type Case = Happening<InstalledPlatform>;

export const API = ['leopard-api@1', 'leopard-api@2'] as const;
export const SERVICES = [...API, 'leopard-worker', 'leopard-imports', 'leopard-scheduler'];
export const POSTGRESQL = 'postgresql@15-main';

/** Returns the commands of an operator. */
export const operator =
  (commands: string): Case =>
  async ({ platform }) => {
    await platform.machine.must(commands);
    return undefined;
  };

/** Returns the kill of all processes of these units at once; nobody but systemd starts them again. */
export const killed =
  (...units: readonly string[]): Case =>
  async (drill) => {
    const { platform } = drill;
    const before = await platform.processes(units);
    await platform.machine.must(`systemctl kill -s SIGKILL ${units.join(' ')}`);
    await drill.until(async () => {
      const { stdout } = await platform.machine.run(`systemctl is-active ${units.join(' ')}`);
      if (
        stdout
          .trim()
          .split('\n')
          .some((state) => state !== 'active')
      )
        return false;
      return (await platform.processes(units)).every((pid, index) => pid > 0 && pid !== before[index]);
    });
    await drill.untilReady();
    return undefined;
  };

/** The kill of nginx's workers, which nginx itself replaces. */
export const nginxWorkersKilled: Case = operator('pkill -KILL -P "$(cat /run/nginx.pid)"');

/** Returns the stop of PostgreSQL for a number of seconds. */
export const databaseStopped =
  (seconds: number): Case =>
  async (drill) => {
    const { machine } = drill.platform;
    await machine.must(`systemctl stop ${POSTGRESQL}`);
    const said = await drill.unreadinessDuring(seconds);
    await machine.must(`systemctl start ${POSTGRESQL}`);
    await drill.untilReady();
    return said;
  };

/** Returns the machine's disk without any room for a number of seconds. */
export const diskFull =
  (seconds: number): Case =>
  async (drill) => {
    const { machine } = drill.platform;
    await machine.fillDisk();
    const said = await drill.unreadinessDuring(seconds);
    await machine.emptyDisk();
    await drill.untilReady();
    return said;
  };

/** The file with the shift of the clock, on a disk that is never full. */
const CLOCK = '/run/clock';

/** Prepares jumps of the clock of every process but systemd's: what is started from now on has libfaketime. */
export async function prepareClock(drill: Drill<InstalledPlatform>): Promise<void> {
  const variables = Object.entries(FAKETIME?.environment(CLOCK) ?? {}).map(
    ([name, value]) => `${name}=${value}`,
  );
  await drill.platform.machine.must(`set -e
    echo +0 > ${CLOCK}
    systemctl set-environment ${variables.join(' ')}
    printf '%s\\n' ${variables.map((variable) => `"${variable.replace('=', " = '")}'"`).join(' ')} >> /etc/postgresql/15/main/environment`);
}

/** Starts everything again. */
export async function restartAll(drill: Drill<InstalledPlatform>): Promise<void> {
  await drill.platform.machine.must(
    `systemctl restart ${POSTGRESQL}; systemctl restart pgbouncer nginx ${SERVICES.join(' ')}`,
  );
  await drill.untilReady();
}

/** Returns a jump of the clock. */
export const clockSetTo =
  (shift: string, seconds: number): Case =>
  async (drill) => {
    const { machine } = drill.platform;
    await machine.must(`echo ${shift} > ${CLOCK}`);
    const said = await drill.readinessDuring(seconds);
    await drill.untilReady();
    return said.endsWith(': ready') ? undefined : said;
  };
