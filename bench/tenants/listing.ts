import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Tokens } from '../../src/auth/tokens.js';
import { Child } from '../child.js';
import type { Sample } from '../closed-loop.js';
import type { HttpRequest } from '../http-connection.js';
import type { LoadCalls } from '../load-process.js';
import { privateMemory, residentMemory } from '../processes.js';
import { freePort, Instance, type Program } from '../program.js';
import { joined, percentile } from '../statistics.js';
import { hostOf, nameOf, USER } from './agencies.js';
import { rowsOf, type Scene } from './scene.js';
import { clientsOf } from './sizes.js';

/** Numbers of agencies in use, the few first; and all that there are. */
const IN_USE = [10, 100, 400, 1_000];
const ROUNDS = 5;
const SECONDS = 2;
const SETTLING_MS = 2_000;

/** The list of clients, as one process of the program answers it. */
export interface Listing {
  /** Agencies that requests come from, in rotation. */
  readonly agencies: number;
  readonly connections: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Milliseconds of processor time for each request. */
  readonly node: number | null;
  readonly postgres: number | null;
}

/** Memory after the lists, in bytes. */
export interface Holding {
  readonly agencies: number;
  readonly node: number | null;
  /** Memory of the server process of each of the program's connections, shared memory left out. */
  readonly connections: readonly number[];
}

/**
 * Measures lists of clients with few and with many agencies in use, in interleaved rounds: processes of the program on one
 * database, each of which has served only its own agencies.
 */
export async function measureListing(scene: Scene): Promise<{ lists: Listing[]; memory: Holding[] }> {
  const { tenants } = scene;
  const sides: Side[] = [];
  for (const inUse of [...IN_USE.filter((number) => number < tenants), tenants])
    sides.push(await openSide(scene, evenly(tenants, inUse)));
  const load = new Child<LoadCalls>('load-process.ts');
  scene.workshop.atEnd(() => load.stop());
  const lists: Listing[] = [];
  for (const connections of [1, 16]) {
    const samples = sides.map((): Sample[] => []);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, { port, requests, program }] of sides.entries()) {
        scene.workshop.ensureOpen();
        const watched = { node: program.pid, postmaster: scene.instance.postmaster };
        samples[i]?.push(
          await load.call('load', { port, requests, status: 200, connections, seconds: SECONDS, watched }),
        );
      }
    }
    for (const [i, of] of samples.entries())
      lists.push(asListing(sides[i]!.agencies.length, connections, of));
  }
  const memory = sides.map(({ holding }) => holding);
  await load.stop();
  for (const { program } of sides) await program.stop();
  return { lists, memory };
}

interface Side {
  readonly agencies: readonly number[];
  readonly port: number;
  readonly program: Program;
  readonly requests: readonly HttpRequest[];
  /** The memory once each connection has met all agencies. */
  readonly holding: Holding;
}

/** Starts the program for these agencies, and asks for all their lists as often as each connection has seen them all. */
async function openSide(scene: Scene, agencies: readonly number[]): Promise<Side> {
  const port = await freePort();
  const { app } = scene.handle;
  const settings = {
    DATABASE_URL: `postgres://${app.user}:${app.password}@127.0.0.1:${serverPort(scene)}/${app.database}`,
    SECRET_KEY: scene.instance.environment.SECRET_KEY ?? '',
  };
  const instance = new Instance(scene.folder, port, settings);
  const before = await backendsOf(scene);
  const program = scene.workshop.start(instance, ['--services', 'api']);
  await program.ready();
  const tokens = new Tokens(instance.config);
  const requests = agencies.map((number) => {
    const { token } = tokens.issue('access', { user_id: USER.id, tid: nameOf(number), ...USER });
    return {
      method: 'GET',
      path: '/api/v1/clients/',
      headers: { host: `${hostOf(number)}:${port}`, authorization: `Bearer ${token}` },
    };
  });
  scene.say(`asking for the lists of ${agencies.length} agencies`);
  const watched = { node: program.pid, postmaster: null };
  const load = new Child<LoadCalls>('load-process.ts');
  try {
    // Each connection is to have met each agency a few times, as it has after some time.
    for (let sent = 0; sent < 4 * instance.config.poolSize * agencies.length; ) {
      scene.workshop.ensureOpen();
      const sample = await load.call('load', {
        ...{ port, requests, status: 200, connections: 16, seconds: SECONDS, watched },
      });
      sent += sample.latencies.length;
    }
  } finally {
    await load.stop();
  }
  await sleep(SETTLING_MS);
  const mine = (await backendsOf(scene)).filter((pid) => !before.includes(pid));
  const holding = {
    agencies: agencies.length,
    node: residentMemory(program.pid),
    connections: mine.flatMap((pid) => privateMemory(pid) ?? []),
  };
  return { agencies, port, program, requests, holding };
}

/** Returns the port of the embedded server, which `host` hides where it is a socket. */
function serverPort({ instance }: Scene): number {
  const file = `${instance.directory}/postgresql/data/postmaster.pid`;
  return Number(readFileSync(file, 'utf8').split('\n')[3]);
}

async function backendsOf(scene: Scene): Promise<number[]> {
  const rows = await rowsOf<{ pid: number }>(
    scene,
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'leopard' AND datname = current_database()",
  );
  return rows.map(({ pid }) => pid);
}

/** Returns as many agencies, of all sizes. */
function evenly(agencies: number, wanted: number): number[] {
  const sizes = clientsOf(agencies);
  const bySize = sizes.map((_, number) => number).sort((a, b) => sizes[a]! - sizes[b]!);
  return Array.from({ length: wanted }, (_, i) => bySize[Math.floor(((i + 0.5) * agencies) / wanted)]!);
}

function asListing(agencies: number, connections: number, samples: readonly Sample[]): Listing {
  const latencies = joined(samples.map((sample) => sample.latencies));
  const mean = (of: 'node' | 'postgres') => {
    const parts = samples.map(({ cpu }) => cpu[of]);
    return parts.some((part) => part === null)
      ? null
      : parts.reduce<number>((sum, part) => sum + (part ?? 0), 0) / parts.length;
  };
  return {
    agencies,
    connections,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    node: mean('node'),
    postgres: mean('postgres'),
  };
}
