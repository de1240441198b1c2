import { LRUCache } from 'lru-cache';
import { BackgroundLoop } from '../../background/loop.js';
import { TenantRotation, type TurnResult } from '../../background/tenant-rotation.js';
import { CHANNELS } from '../../database/channels.js';
import type { Database } from '../../database/database.js';
import { isOutage } from '../../database/errors.js';
import type { Listener } from '../../database/listener.js';
import { HANDLERS, type Handlers } from '../handlers/registry.js';
import type { EventsConfig } from '../types.js';
import { type BatchTools, runBatch } from './batch.js';
import { BATCH_LIMITS, type BatchLimits } from './batch-limits.js';
import type { HandledEvent } from './event-outcome.js';
import { EventCursors } from './event-queue.js';
import { HandlerBindings } from './handler-bindings.js';
import { IdleRegistration } from './idle-registration.js';
import { LookAgain } from './look-again.js';
import { readPauses, readReadyTenants } from './ready-tenants.js';
import { Segments } from './segments.js';

/** A function that writes one line for the operator. */
type Log = (message: string, error?: unknown, tenant?: string) => void;

export interface DispatcherOptions {
  /** Number of tenants served at the same time; 1 by default. Each takes one connection. */
  readonly concurrency?: number;
  /** Interval at which a worker polls without being woken, in milliseconds; 1000 by default. */
  readonly pollMs?: number;
  readonly limits?: Partial<BatchLimits>;
  /** Number of events after which a new segment of the queue is begun; 2,000 by default. */
  readonly segment?: number;
  /** Handlers to use instead of the shipped ones. */
  readonly handlers?: Handlers;
  readonly log?: Log;
  /** Called after the commit with the outcomes of a batch. */
  readonly onHandled?: (schema: string, handled: readonly HandledEvent[]) => void;
}

const POLL_MS = 1_000;
/**
 * Rest after a turn that did all there was of little work, in milliseconds: there will hardly be more, and in the same
 * process streams have something to send.
 */
const SMALL_TURN = { events: 4, restMs: 2 };
/** Number of consecutive turns from which on writers need not notify. */
const BUSY_FROM_TURNS = 3;
/** Maximum number of tenants that are remembered to have had work. */
const MOST_KNOWN = 10_000;

const ignore = () => undefined;

/**
 * Handles the domain events of all tenants. Any number may run, in one process or many: PostgreSQL's locks ensure that
 * each event is handled once. Create it before the listener starts.
 */
export class Dispatcher {
  readonly #tools: BatchTools;
  readonly #loop: BackgroundLoop;
  readonly #rotation: TenantRotation;
  readonly #idle: IdleRegistration;
  readonly #segments: Segments;
  readonly #lookAgain = new LookAgain();
  readonly #options: DispatcherOptions;
  /** Tenants that have had work: anyone may send a notice, and name whatever they like. */
  readonly #known = new LRUCache<string, true>({ max: MOST_KNOWN });
  /** The tenant of the last notice; null when the tenants with work were read since. */
  #noticed: string | null = null;
  /** Whether the last step found nothing to do. */
  #isAtRest = false;
  #pausedHandlers: readonly string[] = [];
  /** Number of turns since all loops were asleep. */
  #turns = 0;
  /** Whether the last turn did all of a tenant's little work. */
  #wasSmall = false;

  constructor(database: Database, listener: Listener, config: EventsConfig, options: DispatcherOptions = {}) {
    const { concurrency = 1, pollMs = POLL_MS, log } = options;
    this.#options = options;
    this.#tools = {
      database,
      bindings: new HandlerBindings(config, options.handlers ?? HANDLERS),
      alertRoles: config.alertRoles,
      limits: { ...BATCH_LIMITS, ...options.limits },
      cursors: new EventCursors(),
    };
    this.#loop = new BackgroundLoop({
      step: () => this.#serveOrRegister(),
      pollMs,
      concurrency,
      onError: (error) => log?.('events wait for the database', error),
    });
    this.#rotation = new TenantRotation({
      readReady: async () => {
        this.#noticed = null;
        const ready = await readReadyTenants(database);
        for (const schema of ready.tenants) this.#known.set(schema, true);
        this.#pausedHandlers = ready.pausedHandlers;
        return ready.tenants;
      },
      mayServe: async (schema) => {
        const pauses = await readPauses(database, schema);
        this.#pausedHandlers = pauses.pausedHandlers;
        return pauses.served;
      },
      isOutage,
      onError: (schema, error) => log?.(`events of ${schema} could not be handled, and wait`, error, schema),
    });
    this.#idle = new IdleRegistration(database);
    this.#segments = new Segments(database, options.segment);
    listener.on(CHANNELS.events, (schema) => {
      if (this.#known.has(schema)) this.#noticed = schema;
      this.#lookAgain.note();
      this.#loop.wake();
    });
  }

  /** Starts handling events. */
  start(): void {
    this.#loop.start();
  }

  /**
   * Takes no new work and finishes work in progress.
   * @param within timeout in milliseconds; what is left then is rolled back with its connection
   * @returns whether everything was finished
   */
  async stop(within?: number): Promise<boolean> {
    const finished = await this.#loop.stop(within);
    await this.#idle.remove().catch(ignore);
    return finished;
  }

  /** Serves the next tenant; where there is none, has writers notify. @returns when to look again, as a loop's step */
  async #serveOrRegister(): Promise<boolean | number> {
    const serve = (schema: string) => this.#serve(schema);
    const noticed = this.#isAtRest ? this.#noticed : null;
    this.#noticed = null;
    this.#isAtRest = false;
    // The step after this one reads who else has work.
    let hasServed = noticed !== null && (await this.#rotation.serveAtOnce(noticed, serve));
    hasServed ||= await this.#rotation.serveNext(serve);
    if (!hasServed && !this.#rotation.isServing && !this.#idle.isRegistered) {
      // The second look finds events committed meanwhile; later ones notify.
      await this.#idle.register();
      this.#lookAgain.note();
      this.#turns = 0;
      hasServed = await this.#rotation.serveNext(serve);
    }
    // Failures only make the handling of events slower.
    await this.#segments.tend().catch((error: unknown) => {
      this.#options.log?.('the segments of the queue could not be tended', error);
    });
    this.#isAtRest = !hasServed;
    if (!hasServed) return this.#lookAgain.within ?? false;
    return this.#wasSmall && !this.#rotation.hasWaiting ? SMALL_TURN.restMs : true;
  }

  async #serve(schema: string): Promise<TurnResult> {
    // After a single turn the worker is likely to fall asleep again.
    if (++this.#turns >= BUSY_FROM_TURNS) this.#idle.leave().catch(ignore);
    if (this.#rotation.hasWaiting) this.#loop.wake();
    const { handled, hasMore } = await runBatch(this.#tools, schema, this.#pausedHandlers);
    this.#options.onHandled?.(schema, handled);
    this.#segments.note(handled.length);
    this.#wasSmall = !hasMore && handled.length <= SMALL_TURN.events;
    return hasMore ? 'more' : handled.length > 0 ? 'done' : 'nothing';
  }
}
