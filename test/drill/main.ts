import { parseArgs } from 'node:util';
import type { DrilledPlatform } from './drilled-platform.js';
import { type Case, HEAD } from './table.js';

/**
 * Runs a small production under load and lets its parts fail; docs/health.md shows the table that this prints.
 * `npm run drill`
 */

const USAGE = `npm run drill -- [options]
  --installed    on a machine that deployment/install-debian.sh installs, with systemd; needs root and Debian
  --only a,b     of the cases' names, which it prints as it goes
  --clients N    clients, default 8
  --pause N      milliseconds between two rounds of four requests of a client, default 50
  --around N     seconds of load before and after each event, default 5`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      installed: { type: 'boolean', default: false },
      only: { type: 'string' },
      clients: { type: 'string', default: '8' },
      pause: { type: 'string', default: '50' },
      around: { type: 'string', default: '5' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  process.once('SIGINT', () => process.exit(130));
  const load = {
    clients: Number(values.clients),
    pause: Number(values.pause),
    around: Number(values.around),
  };
  const wanted = <P extends DrilledPlatform>(all: readonly Case<P>[]) =>
    all.filter(({ name }) => !values.only || values.only.split(',').includes(name));
  const { drill } = values.installed ? await import('./on-installed.js') : await import('./on-processes.js');
  const { rows, remark } = await drill(load, wanted);
  console.log([...HEAD, ...rows].join('\n'));
  console.log(`\n${remark}; ${load.clients} clients`);
}

await main();
process.exit();
