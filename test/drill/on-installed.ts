import { FAKETIME, NO_FAKETIME } from '../helpers/faketime.js';
import { BLOCKS, noInstallation, Release } from '../helpers/installed-machine.js';
import type { Drill, DrillOptions } from './drill.js';
import { InstalledPlatform } from './installed.js';
import {
  API,
  clockSetTo,
  databaseStopped,
  diskFull,
  killed,
  nginxWorkersKilled,
  operator,
  POSTGRESQL,
  prepareClock,
  restartAll,
} from './installed-cases.js';
import { type Case, playAll } from './table.js';

const DOMAIN = 'crm.example.com';
const INSTALLS_WITHIN_MS = 600_000;

/**
 * Installs a machine by the commands of docs/deployment.md, and plays the cases on it.
 * @returns the table's rows and a remark
 */
export async function drill(
  load: DrillOptions,
  wanted: (all: readonly Case<InstalledPlatform>[]) => Case<InstalledPlatform>[],
): Promise<{ rows: string[]; remark: string }> {
  const reason = noInstallation();
  if (reason) throw new Error(reason);
  const [install, , restarts] = BLOCKS as [string, string, string];
  const release = new Release();
  try {
    const machine = await release.boot();
    console.error(await machine.must(release.commands(install), INSTALLS_WITHIN_MS));
    const platform = await InstalledPlatform.open(machine, DOMAIN, () => machine.stop());
    const cases = wanted([
      { name: 'nothing', title: 'nothing happens', event: async () => undefined },
      { name: 'rolling', title: 'rolling restart of all processes', event: operator(restarts) },
      { name: 'api', title: '`kill -9` of an API process', event: killed(API[0]) },
      { name: 'worker', title: '`kill -9` of the worker', event: killed('leopard-worker') },
      { name: 'imports', title: '`kill -9` of the imports', event: killed('leopard-imports') },
      { name: 'scheduler', title: '`kill -9` of the scheduler', event: killed('leopard-scheduler') },
      { name: 'workers', title: "`kill -9` of nginx's workers", event: nginxWorkersKilled },
      { name: 'nginx', title: '`kill -9` of all of nginx', event: killed('nginx') },
      { name: 'pooler', title: 'PgBouncer restarted', event: operator('systemctl restart pgbouncer') },
      { name: 'poolerkill', title: '`kill -9` of PgBouncer', event: killed('pgbouncer') },
      { name: 'postgreskill', title: '`kill -9` of PostgreSQL', event: killed(POSTGRESQL) },
      { name: 'postgres', title: 'PostgreSQL stopped for 20 s', event: databaseStopped(20) },
      { name: 'disk', title: "the machine's disk full for 20 s", event: diskFull(20) },
      ...(FAKETIME
        ? [
            {
              name: 'forward',
              title: 'the clock jumps one hour ahead',
              event: clockSetTo('+1h', 5),
              prepare: async (drilled: Drill<InstalledPlatform>) => {
                await prepareClock(drilled);
                await restartAll(drilled);
              },
            },
            { name: 'back', title: 'and 30 s back', event: clockSetTo('+3570', 5) },
          ]
        : []),
    ]);
    if (!FAKETIME) console.error(NO_FAKETIME);
    return { rows: await playAll(platform, load, cases), remark: 'a machine installed by install-debian.sh' };
  } finally {
    release.remove();
  }
}
