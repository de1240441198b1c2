import { Tokens } from '../../src/auth/tokens.js';
import { ask } from '../ask.js';
import { HttpConnection, type HttpRequest, requestBytes } from '../http-connection.js';
import { cpuTimes, type Watched } from '../processes.js';
import { freePort, Instance } from '../program.js';
import { percentile } from '../statistics.js';
import type { Scene } from '../tenants/scene.js';
import type { GrowthCase } from './cases.js';
import { hostOf, nameOf } from './fill.js';
import { BRANCH_USER } from './rows.js';

export interface GrowthOptions {
  readonly cases: readonly GrowthCase[];
  /** Numbers of clients. */
  readonly sizes: readonly number[];
  readonly rounds: number;
  /** Of each request in each round. */
  readonly seconds: number;
}

/** Times of one request in an agency of each size: the least of all rounds, in milliseconds. */
export interface GrowthFigures extends Pick<GrowthCase, 'what' | 'aim'> {
  /** Medians. */
  readonly p50: readonly number[];
  /** PostgreSQL's processor time; null where it is unknown. */
  readonly postgres: readonly (number | null)[];
}

/** Starts the program, and measures each case in each of these agencies in turn, one request at a time. */
export async function measureGrowth(scene: Scene, options: GrowthOptions): Promise<GrowthFigures[]> {
  const { cases, sizes, rounds, seconds } = options;
  const { app } = scene.handle;
  const port = await freePort();
  const instance = new Instance(scene.folder, port, {
    DATABASE_URL: `postgres://${app.user}:${app.password}@127.0.0.1:${scene.handle.app.port}/${app.database}`,
    SECRET_KEY: scene.instance.environment.SECRET_KEY ?? '',
  });
  const program = scene.workshop.start(instance, ['--services', 'api']);
  await program.ready();
  const watched = { node: program.pid, postmaster: scene.instance.postmaster };
  const tokens = new Tokens(instance.config);
  const requestOf = (of: GrowthCase, size: number): HttpRequest => {
    const asked = of.ask(size);
    const id = of.who === 'branch' ? BRANCH_USER : 1;
    const claims = { user_id: String(id), username: `user${id}`, email: `user${id}@example.com` };
    const groups = [id === 1 ? 'SUPER_ADMIN' : 'BRANCH_ADMIN'];
    const { token } = tokens.issue('access', { ...claims, groups, tid: nameOf(size) });
    const headers = { host: `${hostOf(size)}:${port}`, authorization: `Bearer ${token}` };
    return typeof asked === 'string'
      ? { method: 'GET', path: asked, headers }
      : { ...asked, headers: { ...headers, 'content-type': 'application/json' } };
  };
  const figures: GrowthFigures[] = [];
  for (const of of cases) {
    const requests = sizes.map((size) => requestOf(of, size));
    const [p50, postgres] = [sizes.map((): number[] => []), sizes.map((): (number | null)[] => [])];
    for (let round = 0; round < rounds; round++) {
      for (const [i, request] of requests.entries()) {
        scene.workshop.ensureOpen();
        // The program closes a connection that is idle for long, as during a slow export.
        const connection = await HttpConnection.open(port);
        try {
          const taken = await measure({ of, request, port, connection, seconds, watched });
          p50[i]?.push(taken.p50);
          postgres[i]?.push(taken.postgres);
        } finally {
          connection.close();
        }
      }
    }
    const found = {
      what: of.what,
      aim: of.aim,
      p50: p50.map((times) => Math.min(...times)),
      postgres: postgres.map(leastOf),
    };
    scene.say(`${of.what}: ${found.p50.map((time) => time.toFixed(1)).join(' ')} ms`);
    figures.push(found);
  }
  return figures;
}

interface Measured {
  readonly of: GrowthCase;
  readonly request: HttpRequest;
  readonly port: number;
  readonly connection: HttpConnection;
  readonly seconds: number;
  readonly watched: Watched;
}

/** Repeats one request for this time, at least twice, after a few that do not count. */
async function measure({ of, request, port, connection, seconds, watched }: Measured) {
  const { status = 200, streamed = false } = of;
  const bytes = requestBytes(request);
  const send = async () => {
    const answered = streamed ? (await ask(port, request)).status : await connection.ask(bytes);
    if (answered !== status) throw new Error(`${of.what}: ${request.path} was answered with ${answered}`);
  };
  const begun = performance.now();
  for (let i = 0; i < WARM_UP && performance.now() - begun < (seconds * 1000) / 2; i++) await send();
  const before = cpuTimes(watched).postgres;
  const times: number[] = [];
  const from = performance.now();
  while (times.length < LEAST || performance.now() - from < seconds * 1000) {
    const sent = performance.now();
    await send();
    times.push(performance.now() - sent);
  }
  const after = cpuTimes(watched).postgres;
  return {
    p50: percentile(Float64Array.from(times), 0.5),
    postgres: before === null || after === null ? null : (after - before) / times.length,
  };
}

/** As many requests as it takes until each of the program's connections has the statement prepared. */
const WARM_UP = 20;
const LEAST = 2;

function leastOf(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length > 0 ? Math.min(...known) : null;
}
