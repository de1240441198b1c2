import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Workshop } from '../workshop.js';
import type { Frame } from './inspector.js';
import { type Running, startProgram } from './running.js';

/** The figures of a running program. */
export interface RunFigures {
  /** By request: the calls from the route's handler to the driver, for the statement with the most of them. */
  readonly frames: ReadonlyMap<string, readonly string[]>;
  /** By request: the files of the program in which a function runs. */
  readonly files: ReadonlyMap<string, readonly string[]>;
}

/** Number of requests before counting: what is prepared or cached at first use is not counted. */
const WARM_UP = 5;
/** Number of repetitions; only files that run each time count, not those that poll or refresh beside a request. */
const TIMES = 12;
const STAGES = ['FOLLOW_UP', 'LEAD'];
/** The file whose functions call the handlers of the routes. */
const CALLS_HANDLERS = '/register-routes.js';

/** Runs the program in this folder and inspects it while it answers. */
export async function observe(root: string, workshop: Workshop): Promise<RunFigures> {
  const program = await startProgram(root, workshop);
  const { inspector } = program;
  const { results } = await program.ask('GET', '/api/v1/clients/');
  const client = `/api/v1/clients/${results[0]?.id}/`;
  let changes = 0;
  const requests = new Map<string, () => Promise<unknown>>([
    ['a list of clients', () => program.ask('GET', '/api/v1/clients/')],
    ['one client', () => program.ask('GET', client)],
    ['a change of stage', () => program.ask('PATCH', client, { stage: STAGES[changes++ % STAGES.length] })],
  ]);
  for (const request of requests.values()) for (let i = 0; i < WARM_UP; i++) await request();
  await program.eventsHandled();

  await inspector.startCoverage();
  const files = new Map<string, readonly string[]>();
  for (const [name, request] of requests) files.set(name, await filesOf(root, program, request));

  await inspector.breakAt('/pg/lib/client\\.js$', lineOfQuery(root));
  const frames = new Map<string, readonly string[]>();
  for (const [name, request] of requests) {
    let deepest: readonly string[] = [];
    inspector.onPause = (stack) => {
      const found = belowHandler(root, stack);
      if (found.length > deepest.length) deepest = found;
    };
    await request();
    await program.eventsHandled();
    frames.set(name, deepest);
  }
  return { frames, files };
}

/** Returns the files that run each time for a request and the handling of its events. */
async function filesOf(root: string, { inspector, eventsHandled }: Running, request: () => Promise<unknown>) {
  let always: string[] | undefined;
  for (let i = 0; i < TIMES; i++) {
    await inspector.filesRun();
    await request();
    await eventsHandled();
    const run = await inspector.filesRun();
    const own = [...run].flatMap((url) => ownFile(root, url) ?? []);
    always = always?.filter((file) => own.includes(file)) ?? own;
  }
  return (always ?? []).sort();
}

/** Returns the program's calls that were under way for a request, from the handler on; none for other work. */
function belowHandler(root: string, stack: readonly Frame[]): string[] {
  const end = stack.findIndex(({ url }) => url.endsWith(CALLS_HANDLERS));
  return stack
    .slice(0, Math.max(end, 0))
    .flatMap(({ url, functionName }) => {
      const file = ownFile(root, url);
      return file ? [`${file} ${functionName || '(anonymous)'}`] : [];
    })
    .reverse();
}

function ownFile(root: string, url: string): string | undefined {
  const folder = `file://${join(root, 'dist')}/`;
  return url.startsWith(folder) ? url.slice(folder.length) : undefined;
}

/** Finds the first line of the function with which the driver takes a query, counted from 0. */
function lineOfQuery(root: string): number {
  const path = createRequire(join(root, 'package.json')).resolve('pg/lib/client.js');
  const lines = readFileSync(path, 'utf8').split('\n');
  const at = lines.findIndex((line) => line.startsWith('  query(config'));
  if (at < 0) throw new Error(`${path} takes queries otherwise than expected`);
  return at + 2;
}
