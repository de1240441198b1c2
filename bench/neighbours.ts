import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openDatabase } from '../src/database/connections.js';
import { withOwner } from '../src/database/owner.js';
import { CONTRACT_PASSWORD } from '../src/seed/contract-rows.js';
import { type AgencyProgram, startAgency } from './agency.js';
import { ask } from './ask.js';
import { asText } from './report.js';
import { percentile } from './statistics.js';
import { Workshop } from './workshop.js';

/**
 * Measures how long one agency's list takes while another agency's requests wait for a lock, or keep the database busy.
 * npm run bench:neighbours [-- --seconds n]; leaves nothing behind.
 */

/** Number of concurrent requests of the other agency. */
const TROUBLED = 40;
/** Longer than its changes wait for the lock. */
const PAUSE_MS = 200;

interface Figure {
  readonly beside: string;
  readonly latencies: number[];
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '5' } } });
  const seconds = Number(values.seconds);
  const workshop = await Workshop.open();
  workshop.closeOnSignals();
  try {
    const agency = await startAgency(workshop, (line) => console.error(line));
    const neighbour = await logInAtDemo(agency);
    const measure = async (beside: string): Promise<Figure> => {
      console.error(`measuring beside ${beside}`);
      const latencies: number[] = [];
      const end = performance.now() + seconds * 1000;
      while (performance.now() < end) {
        const begun = performance.now();
        const { status } = await ask(agency.port, {
          method: 'GET',
          path: '/api/v1/clients/',
          headers: neighbour,
        });
        if (status !== 200) throw new Error(`the neighbour's list was answered with status ${status}`);
        latencies.push(performance.now() - begun);
      }
      return { beside, latencies };
    };
    const figures = [
      await measure('nothing'),
      await besideLock(agency, measure),
      await besideLists(agency, measure),
    ];
    console.log(
      asText({
        title: "One agency's list of clients while another agency is in trouble",
        head: ['beside', 'p50, ms', 'p99, ms', 'longest, ms'],
        rows: figures.map(({ beside, latencies }) => {
          const all = Float64Array.from(latencies);
          return [beside, ...[0.5, 0.99, 1].map((share) => percentile(all, share).toFixed(1))];
        }),
      }),
    );
  } finally {
    await workshop.close();
  }
}

async function logInAtDemo({ port }: AgencyProgram) {
  const host = `demo.localhost:${port}`;
  const headers = { host, 'content-type': 'application/json' };
  const body = JSON.stringify({ username: 'admin', password: CONTRACT_PASSWORD });
  const answer = await ask(port, { method: 'POST', path: '/api/token/', headers, body });
  return { host, authorization: `Bearer ${(JSON.parse(answer.body) as { access: string }).access}` };
}

type Measure = (beside: string) => Promise<Figure>;

/** Repeats requests until `stop`, whatever the answers. */
function repeat(agency: AgencyProgram, request: { method: string; path: string; body?: string }) {
  let isOver = false;
  const headers = { ...agency.admin, 'content-type': 'application/json' };
  const running = Promise.all(
    Array.from({ length: TROUBLED }, async () => {
      while (!isOver) await ask(agency.port, { ...request, headers }).catch(() => undefined);
    }),
  );
  return {
    async stop() {
      isOver = true;
      await running;
    },
  };
}

async function besideLock(agency: AgencyProgram, measure: Measure): Promise<Figure> {
  const handle = await openDatabase(agency.instance.config, { shared: true });
  if (!handle.owner) throw new Error("the owner's connection is missing");
  return await withOwner(handle.owner, async (holder) => {
    const { rows } = await holder.query('SELECT id FROM tenant_main.immigration_client ORDER BY id LIMIT 1');
    const { id } = rows[0] as { id: number };
    await holder.query('BEGIN');
    await holder.query('SELECT FROM tenant_main.immigration_client WHERE id = $1 FOR UPDATE', [id]);
    const changes = repeat(agency, {
      method: 'PATCH',
      path: `/api/v1/clients/${id}/`,
      body: '{"city":"Perth"}',
    });
    await sleep(PAUSE_MS);
    const figure = await measure(`${TROUBLED} changes that wait for a lock`);
    await holder.query('COMMIT');
    await changes.stop();
    return figure;
  }).finally(() => handle.close());
}

async function besideLists(agency: AgencyProgram, measure: Measure): Promise<Figure> {
  const searches = repeat(agency, { method: 'GET', path: '/api/v1/clients/?search=a&page_size=100' });
  await sleep(PAUSE_MS);
  const figure = await measure(`${TROUBLED} searches at once`);
  await searches.stop();
  return figure;
}

await main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
