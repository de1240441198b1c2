import type { Database } from '../../database/database.js';
import { databaseFailure } from '../../database/errors.js';
import type { Listener } from '../../database/listener.js';
import { jittered } from '../../platform/jitter.js';
import { HANDLERS, type Handlers } from '../handlers/registry.js';
import type { EventsConfig } from '../types.js';
import { type BatchTools, runBatch } from './batch.js';
import { BATCH_LIMITS, type BatchLimits } from './batch-limits.js';
import { EventCursors } from './event-cursors.js';
import type { HandledEvent } from './event-outcome.js';
import { HandlerBindings } from './handler-bindings.js';
import { IdleRegistration } from './idle-registration.js';
import { Rotation } from './rotation.js';
import { Segments } from './segments.js';

/** A function that writes one line for the operator. */
type Log = (message: string, error?: unknown) => void;

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

/** The channel of notices that wake workers. */
const EVENTS_CHANNEL = 'leopard_events';
const POLL_MS = 1_000;
const FIRST_RECONNECT_MS = 100;
const LONGEST_RECONNECT_MS = 2_000;
/** Number of consecutive turns from which on writers need not notify. */
const BUSY_FROM_TURNS = 3;
const STOP_WITHIN_MS = 10_000;

const ignore = () => undefined;

/**
 * Handles the domain events of all tenants. Any number may run, in one process or many: PostgreSQL's locks ensure that
 * each event is handled once. Create it before the listener starts.
 */
export class Dispatcher {
  readonly #tools: BatchTools;
  readonly #rotation: Rotation;
  readonly #idle: IdleRegistration;
  readonly #segments: Segments;
  readonly #options: DispatcherOptions;
  readonly #loops: Promise<void>[] = [];
  readonly #asleep = new Set<() => void>();
  #woken = 0;
  #serving = 0;
  /** Number of turns since all loops were asleep. */
  #turns = 0;
  #stopping = false;

  constructor(database: Database, listener: Listener, config: EventsConfig, options: DispatcherOptions = {}) {
    this.#options = options;
    this.#tools = {
      database,
      bindings: new HandlerBindings(config, options.handlers ?? HANDLERS),
      alertRoles: config.alertRoles,
      limits: { ...BATCH_LIMITS, ...options.limits },
      cursors: new EventCursors(),
    };
    this.#rotation = new Rotation(database);
    this.#idle = new IdleRegistration(database);
    this.#segments = new Segments(database, options.segment);
    listener.on(EVENTS_CHANNEL, () => this.#wake());
  }

  /** Starts handling events. */
  start(): void {
    const { concurrency = 1 } = this.#options;
    for (let loop = 0; loop < concurrency; loop++) this.#loops.push(this.#runLoop());
  }

  /**
   * Takes no new work and finishes work in progress.
   * @param within timeout in milliseconds; what is left then is rolled back with its connection
   * @returns whether everything was finished
   */
  async stop(within = STOP_WITHIN_MS): Promise<boolean> {
    this.#stopping = true;
    this.#wake();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, within, false);
    });
    const finished = await Promise.race([Promise.all(this.#loops).then(() => true), late]);
    clearTimeout(timer);
    await this.#idle.remove().catch(ignore);
    return finished;
  }

  /** Runs one worker loop: serves one tenant after the other, until the dispatcher stops. */
  async #runLoop(): Promise<void> {
    let reconnectMs = FIRST_RECONNECT_MS;
    while (!this.#stopping) {
      try {
        await this.#turnOrSleep();
        // Reset only now, since a connection that opens may not last for a batch.
        reconnectMs = FIRST_RECONNECT_MS;
      } catch (error) {
        // The connection is lost, or the server is down.
        this.#options.log?.('events wait for the database', error);
        await this.#sleep(jittered(reconnectMs));
        reconnectMs = Math.min(LONGEST_RECONNECT_MS, reconnectMs * 2);
      }
    }
  }

  async #turnOrSleep(): Promise<void> {
    const seen = this.#woken;
    let turn = await this.#rotation.next();
    if (!turn && this.#serving === 0 && !this.#idle.isRegistered) {
      // The second look finds events committed meanwhile; later ones notify.
      await this.#idle.register();
      this.#turns = 0;
      turn = await this.#rotation.next();
    }
    if (!turn) {
      await this.#tendSegments();
      if (seen === this.#woken) await this.#sleep(jittered(this.#options.pollMs ?? POLL_MS));
      return;
    }
    // After a single turn the worker is likely to fall asleep again.
    if (++this.#turns >= BUSY_FROM_TURNS) this.#idle.leave().catch(ignore);
    if (this.#rotation.hasMore) this.#wake();
    this.#serving++;
    await this.#serveTurn(turn.schema, turn.pausedHandlers).finally(() => this.#serving--);
    await this.#tendSegments();
  }

  /** Tends the segments. Failures only make the handling of events slower. */
  async #tendSegments(): Promise<void> {
    await this.#segments.tend().catch((error: unknown) => {
      this.#options.log?.('the segments of the queue could not be tended', error);
    });
  }

  async #serveTurn(schema: string, pausedHandlers: readonly string[]): Promise<void> {
    try {
      const { handled, hasMore } = await runBatch(this.#tools, schema, pausedHandlers);
      this.#rotation.end(schema, hasMore ? 'more' : handled.length > 0 ? 'worked' : 'nothing');
      this.#options.onHandled?.(schema, handled);
      this.#segments.note(handled.length);
    } catch (error) {
      const isLost = isConnectionLost(error);
      this.#rotation.end(schema, isLost ? 'worked' : 'failed');
      if (isLost) throw error;
      this.#options.log?.(`events of ${schema} could not be handled, and wait`, error);
    }
  }

  /** Sleeps until something wakes the loop, or the time is over. */
  #sleep(milliseconds: number): Promise<void> {
    if (this.#stopping) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#asleep.delete(end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      this.#asleep.add(end);
    });
  }

  #wake(): void {
    this.#woken++;
    for (const end of this.#asleep) end();
  }
}

/** Returns whether an error means that the server is unreachable at present, not that this work cannot be done. */
function isConnectionLost(error: unknown): boolean {
  const { code = '' } = error as { code?: string };
  return databaseFailure(error)?.kind === 'unavailable' && !/^(40|55)|^57014$/.test(code);
}
