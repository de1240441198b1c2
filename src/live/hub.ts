import type { ServerResponse } from 'node:http';
import type { LogOutNotice } from '../auth/end-session.js';
import type { Notices } from '../database/cell-listeners.js';
import { CHANNELS } from '../database/channels.js';
import type { Database } from '../database/database.js';
import { throttled } from '../http/errors.js';
import { Semaphore } from '../platform/semaphore.js';
import type { Tenant } from '../tenancy/tenants.js';
import { HeartbeatTimer } from './heartbeat-timer.js';
import { farewell, frame } from './messages.js';
import { usableTenants } from './rights.js';
import type { NotificationSource } from './source.js';
import { type Framed, LiveStream } from './stream.js';
import {
  type ImportNotice,
  type NewNotificationsNotice,
  type ReadsNotice,
  readNotice,
} from './stream-notices.js';
import { TenantStreams } from './tenant-streams.js';

export interface HubParts {
  readonly database: Database;
  readonly listener: Pick<Notices, 'healthy' | 'on'>;
  readonly source: NotificationSource;
  /** Called for errors that no request waits for. */
  readonly onError?: (error: unknown) => void;
}

export interface HubOptions {
  /** Seconds between two heartbeats. */
  readonly heartbeat?: number;
  /** Milliseconds between two polls while notices do not arrive. */
  readonly poll?: number;
  /** Bytes that may wait for a slow reader. */
  readonly buffer?: number;
  /** Maximum number of missed notifications sent to a returning client, the newest first to be kept. */
  readonly missed?: number;
  /** Maximum number of streams of one user in this process; 0: no limit. */
  readonly perUser?: number;
}

/** Time for which a tenant without streams is remembered, which saves the first look when a stream comes back soon. */
const KEPT_EMPTY_MS = 120_000;

/** A request to open a stream. */
export interface StreamRequest {
  readonly tenant: Tenant;
  readonly userId: number;
  /** Times at which the token was issued and expires, in seconds since 1970. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** The token's session; null for a token from before there were sessions. */
  readonly sessionId: string | null;
  /** Id of the last notification that a returning client has received. */
  readonly lastId: number | null;
}

const DEFAULTS = { heartbeat: 30, poll: 2_000, buffer: 256 * 1024, missed: 1_000, perUser: 0 };
/** Seconds after which a user may try again who has too many streams. */
const TRY_AGAIN_IN = 30;
/** Least time before clients of a stopping process reconnect, and the span over which they do, in milliseconds. */
const RECONNECT_MS = { first: 100, spread: 1_000 };
/** Maximum number of the pool's connections that looks use at once. */
const LOOKS_AT_ONCE = 3;

/**
 * All open streams of this process; translates the database's notices into work on them. Create it before the listener
 * starts.
 */
export class StreamHub {
  readonly #tenants = new Map<string, TenantStreams>();
  readonly #options: Required<HubOptions>;
  readonly #heartbeat: HeartbeatTimer;
  readonly #lookSemaphore = new Semaphore(LOOKS_AT_ONCE);
  #polling = false;
  #polledAt = 0;
  #wasWithoutNotices = false;
  #closed = false;
  #leaving = false;

  constructor(
    private readonly parts: HubParts,
    options: HubOptions = {},
  ) {
    this.#options = { ...DEFAULTS, ...options };
    const { listener, onError = ignore } = parts;
    this.#heartbeat = new HeartbeatTimer({
      period: this.#options.heartbeat,
      onSecond: () => this.#everySecond(),
      onError,
    });
    listener.on(CHANNELS.notifications, (payload) => this.#onNewNotifications(payload));
    listener.on(CHANNELS.reads, (payload) => this.#onReads(payload));
    listener.on(CHANNELS.imports, (payload) => this.#onImport(payload));
    listener.on(CHANNELS.access, (schema) => void this.#tenants.get(schema)?.checkRights().catch(ignore));
    listener.on(CHANNELS.logOuts, (payload) => this.#onLogOut(payload));
    listener.on(CHANNELS.tenants, () => void this.#endUnusable().catch(ignore));
  }

  /** Number of open streams. */
  get size(): number {
    return this.#heartbeat.size;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /**
   * Opens a stream.
   * @param begin writes the head of the response, once it is certain that the stream can be served
   * @returns false when the user or tenant lost access meanwhile, or the program is stopping
   * @throws HttpError 429 when the user has too many, and database errors, before `begin` is called
   */
  async open(request: StreamRequest, begin: () => ServerResponse): Promise<boolean> {
    const { tenant, userId, lastId } = request;
    if (this.#closed) return false;
    const streams = this.#streamsOf(tenant);
    const { perUser } = this.#options;
    if (perUser > 0 && streams.countOf(userId) >= perUser) throw throttled(TRY_AGAIN_IN);
    const stream = new LiveStream(userId, request, this.#options.buffer, (ended) => {
      this.#heartbeat.delete(ended);
      streams.remove(ended);
      if (streams.isEmpty) this.#forgetLater(streams);
    });
    // While nobody listened, nothing was missed: what is remembered of notices is of the last stream's time.
    if (this.size === 0) this.#wasWithoutNotices = !this.parts.listener.healthy;
    this.#heartbeat.add(stream);
    const established = frame({
      type: 'connection_established',
      message: 'Connected to the notification stream',
      user_id: userId,
    });
    let missed: Framed[] = [];
    let hasMoved: boolean;
    try {
      await streams.join(stream);
      // The tenant may have been suspended since the request was checked, before its streams were known here.
      hasMoved = await this.#endUnusable([tenant.id]);
      if (lastId !== null && !stream.ended)
        missed = await streams.missed(userId, lastId, this.#options.missed);
    } catch (error) {
      stream.end();
      throw error;
    }
    if (stream.ended) return false;
    if (this.#leaving || hasMoved) {
      // Without an id: the client has not received anything yet.
      begin().end(farewell(new Date().toISOString(), this.#reconnectsAfter()));
      stream.end();
      return true;
    }
    stream.start(begin(), [{ text: established }, ...missed]).catch(() => stream.cutOff());
    return true;
  }

  /**
   * Ends every stream because the process is about to stop, and asks the clients to reconnect, not all at once; one that
   * comes yet is answered in the same way.
   */
  async leave(): Promise<void> {
    this.#leaving = true;
    const reconnectsAfter = this.#reconnectsAfter.bind(this, this.size);
    const now = new Date().toISOString();
    const all = [...this.#tenants.values()];
    await Promise.all(all.map((streams) => streams.leave((id) => farewell(now, reconnectsAfter(), id))));
  }

  /** Returns a random time before a client reconnects, in milliseconds: one second for a thousand streams. */
  #reconnectsAfter(streams = this.size): number {
    return RECONNECT_MS.first + Math.random() * Math.max(RECONNECT_MS.spread, streams);
  }

  /** Ends every stream and accepts no more. */
  close(): void {
    this.#closed = true;
    this.#heartbeat.endAll();
  }

  #streamsOf(tenant: Tenant): TenantStreams {
    const known = this.#tenants.get(tenant.schema);
    if (known?.tenant.id === tenant.id && known.tenant.cell === tenant.cell) return known;
    known?.endAll(); // belongs to an earlier tenant of this name, or to its time in another cell
    const { database, source } = this.parts;
    const streams = new TenantStreams(tenant, database, source, (work) => this.#lookSemaphore.run(work));
    this.#tenants.set(tenant.schema, streams);
    return streams;
  }

  #forgetLater(streams: TenantStreams): void {
    const { schema } = streams.tenant;
    setTimeout(() => {
      if (streams.isEmpty && this.#tenants.get(schema) === streams) this.#tenants.delete(schema);
    }, KEPT_EMPTY_MS).unref();
  }

  #look(streams: TenantStreams | undefined): void {
    streams?.look().catch(ignore); // it is repeated within a second
  }

  #onNewNotifications(payload: string): void {
    const notice = readNotice<NewNotificationsNotice>(payload);
    // Without a payload the listener has just connected: earlier notices may have been missed.
    if (!notice) return void this.#poll();
    const streams = this.#tenants.get(notice.schema);
    if (streams && (!notice.users || notice.users.some((user) => streams.has(user)))) this.#look(streams);
  }

  #onReads(payload: string): void {
    const notice = readNotice<ReadsNotice>(payload);
    if (!notice) return;
    const streams = this.#tenants.get(notice.schema);
    if (!streams?.has(notice.user)) return;
    streams.noteReads(notice.user, notice.ids);
    this.#look(streams);
  }

  #onImport(payload: string): void {
    const notice = readNotice<ImportNotice>(payload);
    if (notice) this.#tenants.get(notice.schema)?.tellImport(notice.user, notice.progress);
  }

  #onLogOut(payload: string): void {
    const notice = readNotice<LogOutNotice>(payload);
    if (notice) this.#tenants.get(notice.schema)?.endSession(notice.user, notice.sid);
  }

  /**
   * Ends the streams of tenants that are suspended or gone, and those of tenants that have moved to another cell, whose clients
   * reconnect: the hub of that cell gets its notices.
   * @returns whether one has moved
   */
  async #endUnusable(ids = [...this.#tenants.values()].map(({ tenant }) => tenant.id)): Promise<boolean> {
    if (ids.length === 0) return false;
    const usable = new Map(
      (await this.parts.database.publicQuery(usableTenants(ids))).map(({ id, cell }) => [id, cell]),
    );
    let hasMoved = false;
    for (const streams of [...this.#tenants.values()]) {
      const { id, schema, cell } = streams.tenant;
      if (!ids.includes(id)) continue;
      if (!usable.has(id)) streams.endAll();
      else if (usable.get(id) !== cell) {
        hasMoved = true;
        this.#tenants.delete(schema); // what it remembers is of the other database
        const now = new Date().toISOString();
        await streams.leave((last) => farewell(now, this.#reconnectsAfter(), last));
      }
    }
    return hasMoved;
  }

  #everySecond(): void {
    const isWithoutNotices = !this.parts.listener.healthy;
    const isOver = this.#wasWithoutNotices && !isWithoutNotices; // anything between the last poll and the first notice was missed
    if (isOver || (isWithoutNotices && performance.now() - this.#polledAt >= this.#options.poll))
      void this.#poll();
    this.#wasWithoutNotices = isWithoutNotices;
    for (const streams of this.#tenants.values()) {
      if (!isWithoutNotices && !isOver) streams.forgetPolls();
      if (streams.failed) this.#look(streams);
    }
  }

  /** Looks in all tenants for anything that a missed notice would have announced. */
  async #poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    const all = [...this.#tenants.values()];
    await Promise.allSettled([this.#endUnusable(), ...all.map((streams) => streams.poll())]);
    this.#polledAt = performance.now();
    this.#polling = false;
  }
}

const ignore = () => undefined;
