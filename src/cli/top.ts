import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { openCells } from '../database/open-cells.js';
import { UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { linesOf } from './top-lines.js';
import { Looker } from './top-look.js';
import { Screen } from './top-screen.js';
import { withDatabase } from './with-database.js';

interface TopOptions {
  readonly metrics?: string;
  readonly every: string;
  readonly once?: boolean;
  readonly json?: boolean;
}

const EVERY_SECONDS = { least: 1, most: 60 };
const MOST_PROCESSES = 20;
const ADDRESS = /^(?:\[[\da-fA-F:]+\]|[\w.-]+):\d{1,5}$/;
const PLAIN_WIDTH = 120;

/** Adds `leopard top`: what processes and the database are doing, live. */
export function addTopCommand(program: Command, context: CliContext): void {
  const command = program
    .command('top')
    .description('show live what the processes and the database are doing')
    .option(
      '--metrics <addresses>',
      'where the processes show their metrics: host:port, separated by commas (METRICS_HOST:METRICS_PORT)',
    )
    .option('--every <seconds>', 'time between two looks, 1 to 60', '2')
    .option('--once', 'print one look as text, and end')
    .option('--json', 'print one look as JSON, and end')
    .action((options: TopOptions) => top(context, command, options));
}

async function top(context: CliContext, command: Command, options: TopOptions): Promise<void> {
  const { metrics } = context.config();
  const addresses = options.metrics?.split(',').map((one) => one.trim()) ?? [
    `${metrics.host}:${metrics.port}`,
  ];
  const wrong = addresses.find((address) => !ADDRESS.test(address));
  if (wrong !== undefined) throw new UsageError(`--metrics takes host:port, not "${wrong}"`, command);
  if (addresses.length > MOST_PROCESSES)
    throw new UsageError(`--metrics takes ${MOST_PROCESSES} processes at most`, command);
  const every = Number(options.every);
  if (!/^\d+$/.test(options.every) || every < EVERY_SECONDS.least || every > EVERY_SECONDS.most)
    throw new UsageError('--every takes whole seconds from 1 to 60', command);
  const isOnce = options.once === true || options.json === true;
  if (!isOnce && !context.isInteractive)
    throw new UsageError('there is no terminal; use --once or --json', command);

  await withDatabase(context, async (handle) => {
    const { database, close } = await openCells(handle, 1);
    const looker = new Looker(addresses, database);
    try {
      if (!isOnce) return await showLive(looker, every * 1_000);
      await looker.look();
      await sleep(every * 1_000); // rates are those between two looks
      const look = await looker.look();
      context.show(options.json, look, () => linesOf(look, PLAIN_WIDTH));
    } finally {
      await close();
    }
  });
}

async function showLive(looker: Looker, everyMs: number): Promise<void> {
  const stop = new AbortController();
  const { stdin: input, stdout: output } = process;
  const screen = new Screen({ input, output }, () => stop.abort());
  screen.open();
  try {
    while (!stop.signal.aborted) {
      const look = await looker.look();
      const title = `leopard top, every ${everyMs / 1_000} s; q ends`;
      screen.show([title, '', ...linesOf(look, screen.width)]);
      await sleep(everyMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    screen.close();
  }
}
