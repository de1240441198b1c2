import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Database } from '../../src/database/database.js';
import { Listener } from '../../src/database/listener.js';
import { EVENTS } from '../../src/events/config.js';
import { Dispatcher } from '../../src/events/worker/dispatcher.js';
import { migrateAll } from '../../src/schema/migrator.js';
import { seedContract } from '../../src/seed/contract.js';
import type { TestDatabase } from '../helpers/database.js';
import type { Difference } from './additions-in-answers.js';

/** The outcome of a replayed example. */
export interface Result {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly reason?: string;
  readonly differences?: readonly Difference[];
}

interface Example {
  readonly name: string;
  readonly request: { readonly method: string; readonly path: string };
  readonly response: { readonly status: number };
}

const fileHere = (name: string) => fileURLToPath(new URL(name, import.meta.url));
/** The recorded examples, in their order. */
export const EXAMPLES: readonly Example[] = JSON.parse(readFileSync(fileHere('examples.json'), 'utf8'));

/** Loads the data on which the examples were recorded into an empty database. */
export async function loadContract({ app, owner }: TestDatabase): Promise<void> {
  const { failures } = await migrateAll(owner, app.user);
  if (failures[0]) throw failures[0].error;
  const noop = async () => undefined;
  const ended = new Promise<void>(() => undefined);
  await seedContract({ kind: 'server', app, owner, ended, close: noop, abandon: noop });
}

/** Replays every example against a server, in a process of its own, as any client would. */
export async function replay(base: string, secret: string): Promise<Map<string, Result>> {
  const args = [fileHere('replay.mjs'), '--base', base, '--secret', secret, '--json'];
  const output = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error && error.code !== 1) reject(new Error(`replay.mjs: ${stderr || error.message}`));
      else resolve(stdout);
    });
  });
  const { results } = JSON.parse(output) as { results: Result[] };
  return new Map(results.map((result) => [result.name, result]));
}

/** Handles the events that the examples make while `work` runs, which writes the timeline. */
export async function withDispatcher({ app }: TestDatabase, work: () => Promise<void>): Promise<void> {
  const database = new Database(app, { size: 2 });
  const listener = new Listener(app);
  const dispatcher = new Dispatcher(database, listener, EVENTS);
  await listener.start();
  dispatcher.start();
  try {
    await work();
  } finally {
    await dispatcher.stop(5_000);
    await listener.close();
    await database.close();
  }
}
