import type { Command } from 'commander';
import type { Config } from '../config/config.js';
import { handlesEvents, importsClients } from '../config/services.js';
import { type DatabaseHandle, openDatabase } from '../database/connections.js';
import { requireValidEventsConfig } from '../events/operations/check-config.js';
import { Lifecycle } from '../platform/lifecycle.js';
import { openLog } from '../platform/log.js';
import { openSecurityLines } from '../platform/security-lines.js';
import { ServiceManager } from '../platform/service-manager.js';
import { UncaughtErrors } from '../platform/uncaught-errors.js';
import { requireIsolation } from '../schema/access/access-check.js';
import { storeRetention } from '../schema/log-retention.js';
import { freeSpace } from '../storage/free-space.js';
import { checkMediaDirectory } from '../storage/media-store.js';
import { startObservability } from '../telemetry/start.js';
import { bringUpToDate } from './bring-up-to-date.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { setGarbageLimits } from './garbage.js';
import { checkTarget, explainListenError } from './listen-check.js';
import { runningContext } from './log-context.js';
import type { Progress } from './progress.js';
import { Services } from './services.js';
import { Shutdown } from './shutdown.js';
import { startFurtherCells } from './start-cells.js';
import { noted } from './start-progress.js';
import { welcome } from './welcome.js';
import { writtenFolders } from './written-folders.js';

interface ServeOptions {
  readonly services?: string;
  readonly port?: string;
  readonly host?: string;
  /** False with `--no-demo`; the setting decides otherwise. */
  readonly demo: boolean;
}

/** Timeout for an external database; the embedded server has limits of its own. */
const DATABASE_WITHIN_MS = 60_000;
/** Time for closing connections and for work in the background, beyond that for requests. */
const CLOSES_WITHIN_MS = 15_000;

/** Adds `leopard serve`: everything from an empty folder to a running program. */
export function addServeCommand(program: Command, context: CliContext): void {
  program
    .command('serve')
    .description('start the program, with its database where none is set')
    .option(
      '--services <list>',
      'which of api, worker (events, imports) and scheduler this process runs (LEOPARD_SERVICES)',
    )
    .option('--port <number>', 'the port to listen on (PORT)')
    .option('--host <address>', 'the address to listen on (HOST)')
    .option('--no-demo', 'start without demonstration data in a new database (DEMO_DATA=false)')
    .action((options: ServeOptions) => serve(context, options));
}

/**
 * Runs until it is asked to stop.
 * @throws what keeps it from starting, and CliError when its database ends or an error makes it impossible to go on
 */
async function serve(given: CliContext, options: ServeOptions): Promise<void> {
  const config = given.config({
    LEOPARD_SERVICES: options.services,
    PORT: options.port,
    HOST: options.host,
    DEMO_DATA: options.demo ? undefined : 'false',
  });
  const context = runningContext(given, config);
  requireValidEventsConfig();
  const progress = context.progress();
  const lifecycle = new Lifecycle();
  const manager = superviseBy(new ServiceManager(process.env, context.warn), lifecycle);
  const shutdown = new Shutdown(context.warn);
  shutdown.listen(() => {
    lifecycle.draining();
    progress.done();
    context.print('stopping');
  });
  const log = openLog(config.logLevel);
  const uncaught = new UncaughtErrors({ log: (message, error) => log.error({ err: error }, message) });
  uncaught.listen();
  const fatal = uncaught.fatal.then((error) => failFor(error));
  try {
    const observing = await startObservability(config.observability, log);
    shutdown.onStop(() => observing.close());
    const handle = await Promise.race([
      start({ config, context, progress, lifecycle, shutdown, uncaught }),
      fatal,
    ]);
    await Promise.race([shutdown.requested, fatal, handle.ended.then(() => failUnlessAsked(shutdown))]);
  } catch (error) {
    // What a stop interrupts fails, and that is no failure.
    if (!shutdown.isRequested) {
      progress.failed();
      context.logFailure(error);
      throw error;
    }
  } finally {
    await shutdown.run();
    await manager.close();
  }
  context.print('stopped');
}

interface Starting {
  readonly config: Config;
  readonly context: CliContext;
  readonly progress: Progress;
  readonly lifecycle: Lifecycle;
  readonly shutdown: Shutdown;
  readonly uncaught: UncaughtErrors;
}

async function start(starting: Starting): Promise<DatabaseHandle> {
  const { config, context, lifecycle, shutdown, uncaught } = starting;
  const runsApi = config.services.has('api');
  const { target, drain, finish } = config.listen;
  if (runsApi) await checkTarget(target);
  if (runsApi) checkMediaDirectory(config);
  // Health checks are answered from the first long step on; whoever sends requests finds the port closed until then.
  const door = runsApi ? (await import('../app/new-door.js')).newDoor(config, lifecycle, context.warn) : null;
  shutdown.onStop(() => door?.finish(0, 0));
  const progress = noted(starting.progress, lifecycle, () => void door?.open().catch(ignore));
  openSecurityLines(config.securityLog.file);
  for (const { level, text } of freeSpace(writtenFolders(config)))
    if (level !== 'ok') context.warn(`warning: ${text}`);

  const opening = openDatabase(config, { onProgress: progress.say });
  shutdown.onStop(() => opening.then((handle) => handle.close(), ignore), DATABASE_WITHIN_MS);
  const handle = await opening;
  shutdown.onQuit(() => handle.abandon());
  ensureGoingOn(shutdown);

  for (const remark of await bringUpToDate(handle, progress)) context.warn(remark);
  if (handle.owner) await storeRetention(handle.owner, config);
  for (const remark of await requireIsolation(handle.app)) context.warn(remark);
  ensureGoingOn(shutdown);
  const cells = await startFurtherCells(config, handle, { progress, warn: context.warn });
  shutdown.onStop(() => cells.forEach(({ gate }) => void gate.end()));
  ensureGoingOn(shutdown);
  if (handle.kind === 'embedded' && config.demoData) {
    const { countTenants, demoSeedPending, seedDemo } = await import('../seed/demo/seed-demo.js');
    if (await demoSeedPending(handle)) {
      const { appSubdomain, baseDomain } = config;
      const before = await countTenants(handle.owner ?? handle.app);
      await seedDemo(handle, { onProgress: progress.say, appSubdomain, baseDomain }).catch((error: Error) => {
        ensureGoingOn(shutdown);
        // A failing demonstration agency must not keep others from being served.
        if (before === 0) throw error;
        context.warn(`the demonstration data could not be completed: ${error.message}`);
      });
      ensureGoingOn(shutdown);
    }
  }

  progress.say('starting the server');
  const services = new Services(context.warn);
  // Each database has services of its own, so that one that is down holds up nothing of the others.
  const places = [{ handle, cell: undefined }, ...cells.map((cell) => ({ handle: cell.handle, cell }))];
  const { startMetrics } = await import('../metrics/start-metrics.js');
  const measuring = await startMetrics(config, handle, context.warn, cells);
  shutdown.onStop(() => measuring?.close());
  // Together: while requests are finished, no further events, imports and jobs are begun.
  shutdown.onStop(() => services.close(), 1000 * (drain + finish) + CLOSES_WITHIN_MS);
  if (measuring) uncaught.onError = measuring.metrics.onUncaughtError;
  if (config.services.has('scheduler')) {
    const { startScheduler } = await import('../app/scheduler.js');
    for (const place of places) {
      const scheduler = startScheduler(config, place.handle, measuring?.metrics, {
        cell: place.cell,
        further: place.cell ? [] : cells,
      });
      services.add(() => scheduler.close());
    }
  }
  if (importsClients(config.services)) {
    const { startImports } = await import('../app/imports.js');
    for (const place of places) {
      const imports = startImports(config, place.handle, place.cell);
      services.add(() => imports.then(({ close }) => close(), ignore));
      await imports;
    }
  }
  if (handlesEvents(config.services)) {
    const { startWorker } = await import('../app/worker.js');
    for (const place of places) {
      const worker = startWorker(config, place.handle, measuring?.metrics, place.cell);
      services.add(() => worker.then(({ close }) => close(), ignore));
      await worker;
    }
  }
  if (door) {
    const { startServer } = await import('../app/server.js');
    const server = startServer(config, handle, measuring?.metrics, { door, lifecycle }, cells);
    services.add(() => server.then(({ close }) => close(shutdown.isQuick), ignore));
    const { address } = await server.catch((error: unknown) => {
      throw explainListenError(error, target);
    });
    progress.done();
    for (const line of await welcome({ config, handle, invocation: context.invocation }, address))
      context.print(line);
  } else {
    progress.done();
    context.print(`running ${[...config.services].join(' and ')}`);
  }
  if (handlesEvents(config.services) && !importsClients(config.services)) {
    context.print('imports of clients are left to another process, with the service imports or worker');
  }
  lifecycle.running();
  setGarbageLimits();
  uncaught.running();
  return handle;
}

const ignore = () => undefined;

/** Reports the phases of the process to systemd. */
function superviseBy(manager: ServiceManager, lifecycle: Lifecycle): ServiceManager {
  manager.starting();
  lifecycle.onChange = (phase) => {
    if (phase.kind === 'running') manager.ready();
    else if (phase.kind === 'draining') manager.stopping();
    else manager.status(phase.step.text);
  };
  return manager;
}

/** Prevents the next step of the start once a stop was requested. */
function ensureGoingOn(shutdown: Shutdown): void {
  if (shutdown.isRequested) throw new CliError('stopped while starting');
}

function failFor(error: unknown): never {
  throw new CliError(`stopped by an uncaught error, which the log shows: ${String(error)}`);
}

function failUnlessAsked(shutdown: Shutdown): void {
  if (shutdown.isRequested) return;
  throw new CliError('the embedded database has ended unexpectedly; start again, it recovers automatically');
}
