import { readFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Tokens } from '../../src/auth/tokens.js';
import { HttpConnection, requestBytes } from '../http-connection.js';
import { percentile } from '../statistics.js';
import { FILE, type Recorded } from './recorder.js';
import type { Scene } from './scene.js';

export interface Spread {
  readonly what: string;
  readonly p50: number;
  readonly p99: number;
}

const CHANGES = 500;
const WARM_UP = 50;
/** Pause between two changes, so that the worker has gone to sleep. */
const IDLE_MS = 40;
const ASSIGNEE = 2;

/** The parts of an event's way, each up to what recorder.ts notes; those that a version does not have are left out. */
const PARTS: readonly (readonly [until: string, what: string])[] = [
  ['noticed', 'answer of the API → notice at the worker'],
  ['ready', '→ tenants with work are read'],
  ['claimed', '→ claim is committed'],
  ['taken', '→ events are read'],
  ['handled', '→ handlers are done, committed'],
  ['announced', '→ notice at the streams'],
  ['looked', '→ new notifications are read'],
];
const LAST_PART = '→ message at the client';

/**
 * Measures how long it takes until users learn that they were assigned a client, when nothing else is going on: from
 * the change's commit to that of the notification, as recorded by PostgreSQL, and from the API's answer to the arrival
 * in the assignee's live stream. API, worker and scheduler are one process, as `leopard serve` starts them.
 */
export async function measureLatency(scene: Scene): Promise<Spread[]> {
  const record = join(scene.workshop.directory, 'recorded.json');
  const recorder = fileURLToPath(new URL('recorder.ts', import.meta.url));
  const program = scene.start('api,worker,scheduler', {
    NODE_OPTIONS: `--import ${import.meta.resolve('tsx')} --import ${recorder}`,
    [FILE]: record,
  });
  await program.ready();
  const arrivals = new Map<number, number>();
  await openStream(scene, (client) => arrivals.set(client, now()));
  const connection = await HttpConnection.open(scene.port);
  const answered = new Map<number, number>();
  for (let client = 1; client <= WARM_UP + CHANGES; client++) {
    const body = JSON.stringify({ assigned_to_id: ASSIGNEE });
    const path = `/api/v1/clients/${client}/`;
    const headers = { ...headersOf(scene, 1), 'content-type': 'application/json' };
    const status = await connection.ask(requestBytes({ method: 'PATCH', path, headers, body }));
    if (status !== 200) throw new Error(`PATCH ${path} answered ${status}`);
    answered.set(client, now());
    while (!arrivals.has(client)) await sleep(1);
    await sleep(IDLE_MS);
  }
  connection.close();
  await program.stop();
  const counted = [...answered].slice(WARM_UP);
  const rows = await scene.sql<{ ms: number }>(
    `SELECT extract(epoch FROM pg_xact_commit_timestamp(n.xmin) - pg_xact_commit_timestamp(c.xmin))::float8 * 1000 AS ms
     FROM tenant_main.immigration_notification n
     JOIN tenant_main.immigration_client c ON c.id = (n.meta_info ->> 'client_id')::bigint
     WHERE c.id > $1`,
    [WARM_UP],
  );
  if (rows.length !== CHANGES) throw new Error(`${CHANGES} changes made ${rows.length} notifications`);
  const spread = (what: string, values: readonly number[]): Spread => {
    const all = Float64Array.from(values);
    return { what, p50: percentile(all, 0.5), p99: percentile(all, 0.99) };
  };
  const parts = partsOf(
    JSON.parse(readFileSync(record, 'utf8')) as Recorded[],
    counted.map(([client, from]) => [from, arrivals.get(client) as number]),
  );
  return [
    ...[...parts].map(([what, values]) => spread(what, values)),
    spread(
      'commit of the change → commit of the notification',
      rows.map(({ ms }) => ms),
    ),
    spread(
      'answer of the API → live stream',
      counted.map(([client, at]) => (arrivals.get(client) as number) - at),
    ),
  ];
}

/** Returns the time, in milliseconds since 1970. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Returns the times that the parts took, by part, in each of these spans between answer and arrival. */
function partsOf(
  recorded: readonly Recorded[],
  spans: readonly (readonly [from: number, until: number])[],
): ReadonlyMap<string, number[]> {
  const times = new Map<string, number[]>();
  const add = (what: string, time: number) => times.set(what, [...(times.get(what) ?? []), time]);
  for (const [from, until] of spans) {
    // The notice may come ahead of the answer to who caused it.
    const within = recorded.filter(([, at]) => at > from - IDLE_MS / 2 && at < until);
    let last = from;
    for (const [what, name] of PARTS) {
      const at = within.find(([one, time]) => one === what && (what === 'noticed' || time > last))?.[1];
      if (at === undefined) continue;
      add(name, at - last);
      last = at;
    }
    add(LAST_PART, until - last);
  }
  return times;
}

function headersOf({ instance, port }: Scene, user: number): Record<string, string> {
  const holder = { user_id: String(user), tid: 'main', email: '', username: `user${user}`, groups: [] };
  const { token } = new Tokens(instance.config).issue('access', holder);
  return { host: `main.localhost:${port}`, authorization: `Bearer ${token}` };
}

/**
 * Opens the assignee's stream, and resolves when it is established; calls back with the client of each notification.
 */
function openStream(scene: Scene, onClient: (client: number) => void): Promise<void> {
  const path = '/api/v1/notifications/stream/';
  const headers = headersOf(scene, ASSIGNEE);
  const agent = new Agent({ keepAlive: false });
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: scene.port, path, headers, agent }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`the stream answered ${response.statusCode}`));
      readLines(response, (line) => {
        if (line.includes('connection_established')) resolve();
        const client = /^data: .*"client_id":\s*(\d+)/.exec(line)?.[1];
        if (client) onClient(Number(client));
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

function readLines(response: IncomingMessage, onLine: (line: string) => void): void {
  let rest = '';
  response.setEncoding('utf8');
  response.on('error', () => undefined); // the program's end is the stream's
  response.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}
