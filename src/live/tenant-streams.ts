import { setImmediate } from 'node:timers/promises';
import type { Database } from '../database/database.js';
import { Pending } from '../database/pending.js';
import { sql } from '../database/sql.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import type { Tenant } from '../tenancy/tenants.js';
import { frame } from './messages.js';
import { RecentlySeenIds, type Snapshot } from './recently-seen-ids.js';
import { activeUsers, type EntitledUser, recentLogOuts } from './rights.js';
import type { LiveRow, NotificationSource } from './source.js';
import type { Framed, LiveStream } from './stream.js';
import type { ReadsNotice } from './stream-notices.js';

/** Maximum number of rows that one look reads, so that a flood goes out in parts that a reader can take. */
const ROWS_PER_LOOK = 200;
/**
 * Number of characters after which the sockets get a chance to drain: only then does it show which readers are slow.
 */
const SENT_IN_A_ROW = 65_536;
/** Bounds of one look: longer texts of notifications, as other programs may write them, are cut. */
const LOOK_BOUNDS = { most: 4 * 1024 * 1024, longest: 10_000 };
/** Maximum number of characters of missed notifications that are sent again; the list shows what is older. */
const MOST_MISSED = 1024 * 1024;
/** Time for which reads are announced again after notices may have been missed. */
const READ_LATELY_SECONDS = 60;
/** Time after its end for which polls, two seconds apart, still report an import. */
const IMPORTS_LATELY_SECONDS = 5;

const SNAPSHOT = sql<{ oldest: string; next: string }>`
  SELECT pg_snapshot_xmin(s)::text AS oldest, pg_snapshot_xmax(s)::text AS next FROM pg_current_snapshot() s`;

/** The rows of a statement that is not sent. */
const NONE = new Pending<never[]>(() => []);
/**
 * The message that notifications were left out. It has no id, so a client that is cut off before the rest gets it
 * again.
 */
const CUT = frame({
  type: 'notifications_cut',
  message: 'More notifications were missed than are sent again: load the list',
});

/** The result of one look. */
interface LookResult {
  /** The users who may still listen; null when that was not checked. */
  readonly active: ReadonlyMap<number, EntitledUser> | null;
  readonly snapshot: Snapshot;
  readonly unread: ReadonlyMap<number, number>;
  readonly rows: readonly LiveRow[];
}

/**
 * The streams of one tenant in this process. Everything they need from the database is read in looks, one at a time.
 */
export class TenantStreams {
  readonly #users = new Map<number, Set<LiveStream>>();
  #recentIds: RecentlySeenIds | undefined;
  /** Streams that get what looks after the next one find. */
  #joining = new Set<LiveStream>();
  #reads: Pick<ReadsNotice, 'user' | 'ids'>[] = [];
  readonly #counted = new Set<number>();
  /** Whether the next look must check who may still listen. */
  #rightsDue = false;
  /** Unread counts seen by the last poll; known only while notices do not arrive. */
  readonly #polledCounts = new Map<number, number>();
  /** Number of polls since notices last arrived. */
  #polls = 0;
  #current: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  /** Whether the last look failed and must be repeated. */
  failed = false;

  /** @param inTurn runs work that uses the database, a limited number at a time over all tenants */
  constructor(
    readonly tenant: Tenant,
    private readonly database: Database,
    private readonly source: NotificationSource,
    private readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>,
  ) {}

  get isEmpty(): boolean {
    return this.#users.size === 0;
  }

  has(user: number): boolean {
    return this.#users.has(user);
  }

  /** Returns the number of a user's streams. */
  countOf(user: number): number {
    return this.#users.get(user)?.size ?? 0;
  }

  /** Adds a stream; resolves when it will receive everything that is committed from then on. */
  async join(stream: LiveStream): Promise<void> {
    const streams = this.#users.get(stream.userId) ?? new Set();
    this.#users.set(stream.userId, streams.add(stream));
    this.#joining.add(stream);
    this.#rightsDue = true; // earlier checks may be outdated
    while (this.#joining.has(stream)) await this.look();
  }

  remove(stream: LiveStream): void {
    const streams = this.#users.get(stream.userId);
    this.#joining.delete(stream);
    if (!streams?.delete(stream) || streams.size > 0) return;
    this.#users.delete(stream.userId);
    this.#polledCounts.delete(stream.userId);
  }

  endUser(user: number): void {
    for (const stream of this.#users.get(user) ?? []) stream.end();
  }

  /**
   * Ends the streams of a user's session, and those whose tokens do not tell theirs.
   * @param sid undefined in a notice that does not tell it: any may be meant
   */
  endSession(user: number, sid: string | undefined): void {
    for (const stream of this.#users.get(user) ?? []) {
      const { sessionId } = stream.token;
      if (sid === undefined || sessionId === null || sessionId === sid) stream.end();
    }
  }

  endAll(): void {
    for (const user of [...this.#users.keys()]) this.endUser(user);
  }

  /**
   * Ends every stream with a last message, once what the present look has found is sent: up to that id, the client has
   * everything.
   * @param last makes the message
   */
  async leave(last: (id: number | undefined) => string): Promise<void> {
    await this.#current.catch(() => undefined);
    const id = this.#recentIds?.highest;
    for (const streams of this.#users.values())
      for (const stream of streams) if (!this.#joining.has(stream)) stream.leave(last(id));
  }

  /** Ends those of a user's streams whose tokens are no good any more; all where the user may not listen. */
  #endUnentitled(user: number, entitled: EntitledUser | undefined): void {
    for (const stream of this.#users.get(user) ?? []) {
      const { issuedAt, sessionId } = stream.token;
      const isEnded = sessionId !== null && entitled?.endedSessions.includes(sessionId);
      if (!entitled || issuedAt < entitled.tokensFrom || isEnded) stream.end();
    }
  }

  /** Sends a user the progress of one of their imports. */
  tellImport(user: number, progress: object): void {
    const text = frame({ type: 'client_import_progress', import: progress });
    for (const stream of this.#users.get(user) ?? []) if (!this.#joining.has(stream)) stream.send(text);
  }

  /** Records what a user has read; the next look announces it to their streams. */
  noteReads(user: number, ids: readonly number[]): void {
    if (ids.length > 0) this.#reads.push({ user, ids });
    this.#counted.add(user);
  }

  /** Looks for new rows, and ends the streams of users who may no longer listen. */
  async checkRights(): Promise<void> {
    this.#rightsDue = true;
    await this.look();
  }

  /**
   * Reads what a user missed since the notification with this id: the newest ones, up to a number and a size, and a
   * message if there were more.
   */
  async missed(user: number, after: number, most: number): Promise<Framed[]> {
    const rows = await this.inTurn(() =>
      this.database.tenantQuery(this.#context, this.source.missed(user, after, most + 1)),
    );
    const isKnown = (id: number) => this.#recentIds?.isKnown(id) ?? false;
    const newest = rows.slice(-most).map((row) => {
      return { id: row.id, text: this.#text(row), comesAgain: !isKnown(row.id) };
    });
    let size = 0;
    const first = newest.findLastIndex(({ text }) => {
      size += text.length;
      return size > MOST_MISSED;
    });
    const sent = newest.slice(first + 1);
    return sent.length < rows.length ? [{ text: CUT }, ...sent] : sent;
  }

  /** Looks for new rows. Resolves after a look that began after this call; concurrent callers share one. */
  look(): Promise<void> {
    this.#next ??= this.#current
      .catch(() => undefined)
      .then(() => {
        this.#current = this.inTurn(() => {
          this.#next = undefined; // later callers need another look
          return this.#look();
        });
        return this.#current;
      });
    return this.#next;
  }

  /**
   * Looks for everything that a notice may have announced, while notices do not arrive or after some may have been
   * lost.
   */
  async poll(): Promise<void> {
    const users = [...this.#users.keys()];
    if (users.length === 0) return;
    // Before the first of several polls, notices may have been lost for as long as it takes to detect that.
    const back = this.#polls++ === 0 ? READ_LATELY_SECONDS : IMPORTS_LATELY_SECONDS;
    const [[counts, imports], logOuts] = await this.inTurn(() =>
      this.database.tenantTransaction(this.#context, (transaction) =>
        transaction
          .send(this.source.unreadCounts(users))
          .and(transaction.send(this.source.importsLately(users, back)))
          .and(transaction.send(recentLogOuts(users))),
      ),
    );
    for (const { user, age } of logOuts) {
      const loggedOutAt = Date.now() - age * 1000;
      for (const stream of this.#users.get(user) ?? []) {
        if (stream.token.sessionId === null && stream.openedAt < loggedOutAt) stream.end();
      }
    }
    for (const { user, progress } of imports) this.tellImport(user, progress);
    const unread = new Map(counts.map(({ user, unread }) => [user, unread]));
    const changed = users.filter((user) => (unread.get(user) ?? 0) !== this.#polledCounts.get(user));
    for (const user of changed) {
      this.#polledCounts.set(user, unread.get(user) ?? 0);
      this.#counted.add(user);
    }
    if (changed.length > 0) {
      const query = this.source.readLately(changed, READ_LATELY_SECONDS);
      this.#reads.push(...(await this.inTurn(() => this.database.tenantQuery(this.#context, query))));
    }
    await this.checkRights();
  }

  /** Forgets what polls have seen; to be called when notices arrive again. */
  forgetPolls(): void {
    this.#polledCounts.clear();
    this.#polls = 0;
  }

  get #context() {
    return { schema: this.tenant.schema, userId: null, bounds: LOOK_BOUNDS };
  }

  async #look(): Promise<void> {
    const users = [...this.#users.keys()];
    if (users.length === 0) return;
    const joining = this.#joining;
    const reads = this.#reads;
    const counted = [...this.#counted].filter((user) => this.has(user));
    const checked = this.#rightsDue;
    this.#joining = new Set();
    this.#reads = [];
    this.#counted.clear();
    this.#rightsDue = false;
    let found: LookResult;
    try {
      found = await this.database.tenantTransaction(this.#context, (transaction) =>
        this.#read(transaction, users, checked, counted),
      );
    } catch (error) {
      // Joining streams get the error; what the others are owed is looked for again.
      this.failed = true;
      for (const stream of joining) this.remove(stream);
      this.#reads.unshift(...reads);
      for (const user of counted) this.#counted.add(user);
      this.#rightsDue ||= checked;
      throw error;
    }
    this.failed = false;
    if (found.active) for (const user of users) this.#endUnentitled(user, found.active.get(user));
    const whole = found.rows.length < ROWS_PER_LOOK;
    const ids = found.rows.map(({ id }) => id);
    this.#recentIds?.take(ids, found.snapshot, whole);
    const waiting = (stream: LiveStream) => joining.has(stream) || this.#joining.has(stream);
    await this.#tell(found, reads, counted, waiting);
    if (whole) return;
    // Which rows were there before they joined is known only after a complete look, so joining streams wait for one.
    for (const stream of joining) if (!stream.ended) this.#joining.add(stream);
    this.look().catch(() => undefined);
  }

  /** Sends the result of a look: new notifications first, since what is read may be among them. */
  async #tell(
    { rows, unread }: LookResult,
    reads: readonly Pick<ReadsNotice, 'user' | 'ids'>[],
    counted: readonly number[],
    isWaiting: (stream: LiveStream) => boolean,
  ): Promise<void> {
    const send = (user: number, text: string, id?: number) => {
      for (const stream of this.#users.get(user) ?? []) if (!isWaiting(stream)) stream.send(text, id);
    };
    let inARow = 0;
    for (const row of rows) {
      const text = this.#text(row);
      inARow += text.length;
      if (inARow > SENT_IN_A_ROW) {
        await setImmediate();
        inARow = text.length;
      }
      send(row.assigned_to as number, text, row.id);
    }
    for (const { user, ids } of reads)
      send(user, frame({ type: 'notification_read', notification_ids: ids }));
    for (const user of counted) {
      send(user, frame({ type: 'unread_count_update', unread_count: unread.get(user) ?? 0 }));
    }
  }

  /** Reads everything in one round trip, except for the first look. */
  async #read(
    transaction: TenantTransaction,
    users: readonly number[],
    checked: boolean,
    counted: readonly number[],
  ): Promise<Pending<LookResult>> {
    if (!this.#recentIds) {
      const [newest] = await transaction.query(this.source.highestId());
      this.#recentIds = new RecentlySeenIds(newest?.highest ?? 0);
    }
    const active = checked ? transaction.send(activeUsers(users, this.#sessionsOf(users))) : NONE;
    const snapshot = transaction.send(SNAPSHOT);
    const unread = counted.length > 0 ? transaction.send(this.source.unreadCounts(counted)) : NONE;
    const arrived = transaction.send(this.source.newInWindow(users, this.#recentIds.window, ROWS_PER_LOOK));
    return active
      .and(snapshot)
      .and(unread.and(arrived))
      .map(([[people, snapshots], [counts, rows]]) => {
        const { oldest, next } = snapshots[0] as { oldest: string; next: string };
        return {
          active: checked ? new Map(people.map((user) => [user.id, user])) : null,
          snapshot: { oldest: BigInt(oldest), next: BigInt(next) },
          unread: new Map(counts.map(({ user, unread: count }) => [user, count])),
          rows,
        };
      });
  }

  /** Returns the sessions of these users' streams. */
  #sessionsOf(users: readonly number[]): string[] {
    const sids = new Set<string>();
    for (const user of users) {
      for (const { token } of this.#users.get(user) ?? []) if (token.sessionId) sids.add(token.sessionId);
    }
    return [...sids];
  }

  #text(row: LiveRow): string {
    return frame({ type: 'notification_message', notification: this.source.present(row) }, row.id);
  }
}
