import { setTimeout as sleep } from 'node:timers/promises';
import { idOf } from '../helpers/staff.js';
import { BrowserStream } from './browser-stream.js';
import { type DrilledPlatform, readinessOf } from './drilled-platform.js';
import { HttpsLoad } from './https-load.js';

/** The effects of one event in the life of the platform, as clients saw them. */
export interface Outcome {
  readonly requests: number;
  readonly failed: number;
  /** The failures by kind, such as `PATCH 502 ×2`. */
  readonly kinds: string;
  readonly longestMs: number;
  /** Losses of live streams, and the longest time without one. */
  readonly streamLosses: number;
  readonly streamGapMs: number;
  /** The longest time of the stream that was back soonest: a machine that is busy for a moment holds up others. */
  readonly quickestGapMs: number;
  /** Domain events of answered changes, and notifications on streams, that are missing or exist twice. */
  readonly lost: number;
  readonly doubled: number;
  /** Remarks about the event itself. */
  readonly remarks: string;
}

/** The load during a drill. */
export interface DrillOptions {
  readonly clients: number;
  /** Milliseconds between two rounds of four requests of a client. */
  readonly pause: number;
  /** Seconds of load before and after each event. */
  readonly around: number;
}

/** Two users who get the clients by turns, and read their notifications. */
const ASSIGNEES = ['consultant1', 'consultant12'] as const;
/** Live streams of each of them. */
const STREAMS_EACH = 3;
const SETTLES_WITHIN_MS = 120_000;
/** Time for which a process keeps what it found out about its database, when all was in order. */
const READINESS_KEPT_MS = 2_000;

/** Events of changes, what handlers made of each, and changes as counted by the records themselves. */
const AUDIT = `
  WITH entry AS (
    SELECT (metadata ->> 'event_id')::bigint AS id, count(*)::integer AS n FROM immigration_clientactivity GROUP BY 1
  ), notice AS (
    SELECT (meta_info ->> 'event_id')::bigint AS id, count(*)::integer AS n FROM immigration_notification
    WHERE notification_type LIKE 'CLIENT%' GROUP BY 1
  ), each AS (
    SELECT e.status, coalesce(entry.n, 0) AS entries, coalesce(notice.n, 0) AS notices
    FROM immigration_event e LEFT JOIN entry USING (id) LEFT JOIN notice USING (id)
    WHERE e.event_type LIKE 'CLIENT%'
  )
  SELECT count(*) FILTER (WHERE status <> 'COMPLETED' OR entries < 1 OR notices < 1)::integer AS missing,
    coalesce(sum(greatest(entries - 1, 0) + greatest(notices - 1, 0)), 0)::integer AS repeated
  FROM each`;

/** Something that happens to a platform; resolves when it is over, with a remark for the table if there is one. */
export type Happening<P extends DrilledPlatform> = (drill: Drill<P>) => Promise<string | undefined>;

/** A platform under load. */
export class Drill<P extends DrilledPlatform> {
  private constructor(
    readonly platform: P,
    private readonly load: HttpsLoad,
    private readonly streams: readonly { readonly user: number; readonly stream: BrowserStream }[],
    private readonly around: number,
  ) {}

  /** Puts a platform under load; resolves when all streams are open. The platform is closed with the drill. */
  static async begin<P extends DrilledPlatform>(
    platform: P,
    { clients, pause, around }: DrillOptions,
  ): Promise<Drill<P>> {
    const users = ASSIGNEES.map(idOf) as [number, number];
    const rows = await platform.sql(
      `INSERT INTO immigration_client (first_name, last_name, gender, country, stage, branch_id, assigned_to_id)
       SELECT 'Client ' || n, '0', 'MALE', 'NP', 'LEAD', 1, $2::bigint FROM generate_series(1, $1::integer) n
       RETURNING id::integer`,
      [clients, users[1]],
    );
    const { target, host } = platform;
    const streams: { user: number; stream: BrowserStream }[] = [];
    for (const username of ASSIGNEES) {
      const token = await platform.logIn(username);
      for (let n = 0; n < STREAMS_EACH; n++)
        streams.push({ user: idOf(username), stream: new BrowserStream(target, host, token) });
    }
    const drill = new Drill(
      platform,
      new HttpsLoad({
        target,
        host,
        tokens: [await platform.logIn('admin'), await platform.logIn('root')],
        records: rows.map(({ id }) => id),
        assignees: users,
        pause,
      }),
      streams,
      around,
    );
    await drill.until(() => streams.every(({ stream }) => stream.isOpen));
    return drill;
  }

  /**
   * Lets something happen under load.
   * @returns what clients saw from a little before to a little after
   */
  async play(event: Happening<P>): Promise<Outcome> {
    await this.#settle();
    const before = await this.#state();
    this.load.goOn();
    this.load.seen();
    for (const { stream } of this.streams) stream.gaps();
    await sleep(1_000 * this.around);
    const remarks = (await event(this)) ?? '';
    await sleep(1_000 * this.around);
    await this.until(() => this.streams.every(({ stream }) => stream.isOpen));
    const { requests, failures, longestMs } = this.load.seen();
    const gaps = this.streams.map(({ stream }) => stream.gaps());
    await this.#settle();
    const after = await this.#state();
    this.load.goOn();
    const kinds = [...failures].map(([kind, n]) => `${kind} ×${n}`);
    return {
      requests,
      failed: [...failures.values()].reduce((all, n) => all + n, 0),
      kinds: kinds.join(', '),
      longestMs,
      streamLosses: gaps.reduce((all, { losses }) => all + losses, 0),
      streamGapMs: Math.max(...gaps.map(({ longestMs: longest }) => longest)),
      quickestGapMs: Math.min(...gaps.map(({ longestMs: longest }) => longest)),
      lost: after.lost - before.lost,
      doubled: after.doubled - before.doubled,
      remarks,
    };
  }

  async close(): Promise<void> {
    await this.load.stop();
    await Promise.all(this.streams.map(({ stream }) => stream.stop()));
    await this.platform.close();
  }

  /** Waits until this holds; what cannot be asked does not hold yet. */
  async until(holds: () => Promise<boolean> | boolean): Promise<void> {
    for (const deadline = Date.now() + SETTLES_WITHIN_MS; ; await sleep(100)) {
      const does = await Promise.resolve()
        .then(holds)
        .catch(() => false);
      if (does) return;
      if (Date.now() > deadline) throw new Error(`not within ${SETTLES_WITHIN_MS} ms: ${holds}`);
    }
  }

  /** Waits until the platform says that it is ready. */
  untilReady(): Promise<void> {
    return this.until(async () => (await readinessOf(this.platform)) === 'ready');
  }

  /** Returns what the platform says of its readiness in the course of some seconds: `/health/ready: ready`, or reasons. */
  async readinessDuring(seconds: number): Promise<string> {
    const said = new Set<string>();
    for (const until = performance.now() + 1_000 * seconds; performance.now() < until; ) {
      await sleep(500);
      said.add(await readinessOf(this.platform));
    }
    return `/health/ready: ${[...said].join(', ')}`;
  }

  /**
   * Returns what the platform says of its readiness in the course of some seconds, from when every process can have
   * noticed what makes it unready.
   */
  async unreadinessDuring(seconds: number): Promise<string> {
    await this.until(async () => (await readinessOf(this.platform)) !== 'ready');
    await sleep(READINESS_KEPT_MS);
    return await this.readinessDuring(seconds);
  }

  /** Lets the load rest, and waits until every event is handled and every stream has what it is owed. */
  async #settle(): Promise<void> {
    await this.load.pause();
    await this.until(
      async () => (await this.platform.sql('SELECT FROM public.event_queue LIMIT 1')).length === 0,
    );
    const late = Date.now() + 10_000;
    await this.until(async () => (await this.#onStreams()).lost === 0 || Date.now() > late);
  }

  async #state(): Promise<{ lost: number; doubled: number }> {
    const [row] = await this.platform.sql(AUDIT);
    const kept = await this.platform.sql(
      'SELECT id::integer, last_name::integer AS changes FROM immigration_client',
    );
    // A record that counts less than its client has been told has lost a change.
    const forgotten = kept.reduce(
      (all, { id, changes }) => all + Math.max(0, (this.load.latest.get(id) ?? 0) - changes),
      0,
    );
    const { lost, doubled } = await this.#onStreams();
    return { lost: row?.missing + forgotten + lost, doubled: row?.repeated + doubled };
  }

  async #onStreams(): Promise<{ lost: number; doubled: number }> {
    const rows = await this.platform.sql(
      'SELECT id::integer, assigned_to_id::integer AS user FROM immigration_notification',
    );
    let lost = 0;
    let doubled = 0;
    for (const { user, stream } of this.streams) {
      const owed = rows.filter((row) => row.user === user);
      const received = new Set(stream.ids);
      lost += owed.filter(({ id }) => !received.has(id)).length;
      doubled += stream.ids.length - received.size;
    }
    return { lost, doubled };
  }
}
