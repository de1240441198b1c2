import { parseArgs } from 'node:util';
import { asMarkdown, asText, machine, writeMarkdown } from '../report.js';
import { loadAverage, surroundings } from '../surroundings.js';
import { Workshop } from '../workshop.js';
import { measureLatency } from './latency.js';
import { measureBesideOldTransaction } from './old-transaction.js';
import { openScene } from './scene.js';
import { measureThroughput } from './throughput.js';
import { measureWaking } from './waking.js';

/**
 * Measures domain events: npm run bench:events [-- --only latency,throughput,waking --markdown FILE].
 * The old-transaction part takes 15 minutes, so it runs only on request: --only old-transaction [--minutes 15]
 * [--rate 200]. With --dead 120000 the events between the first and the last minute are made as fast as possible.
 */

const PARTS = ['latency', 'waking', 'throughput'];
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    markdown: { type: 'string' },
    minutes: { type: 'string', default: '15' },
    rate: { type: 'string', default: '200' },
    dead: { type: 'string' },
  },
});
const only = values.only?.split(',') ?? PARTS;
const say = (line: string) => console.error(line);
const milliseconds = (value: number) => value.toFixed(1);
const whole = (value: number) => Math.round(value).toLocaleString('en');

const load = loadAverage();
const workshop = await Workshop.open();
workshop.closeOnSignals();
try {
  const scene = await openScene(workshop, say);
  const tables = [];
  if (only.includes('latency')) {
    const spreads = await measureLatency(scene);
    tables.push({
      title: 'From a change to who is told, at rest',
      head: ['from → to', 'p50 ms', 'p99 ms'],
      rows: spreads.map(({ what, p50, p99 }) => [what, milliseconds(p50), milliseconds(p99)]),
    });
  }
  if (only.includes('waking')) {
    const writes = await measureWaking(scene);
    tables.push({
      title: 'Changes on 64 connections',
      head: ['a worker is to be told', 'changes/s', 'p50 ms', 'p99 ms', 'share'],
      rows: writes.map(({ notices, perSecond, p50, p99, share }) => [
        notices ? 'yes' : 'no',
        whole(perSecond),
        milliseconds(p50),
        milliseconds(p99),
        share.toFixed(2),
      ]),
    });
  }
  if (only.includes('throughput')) {
    const rates = await measureThroughput(scene, say);
    const best = Math.max(...rates.filter(({ who }) => !who.startsWith('Leopard')).map(({ rate }) => rate));
    tables.push({
      title: 'Out of a backlog of 20,000 events in each tenant',
      head: ['who', 'events/s', "of graphile-worker's best"],
      rows: rates.map(({ who, rate }) => [who, whole(rate), (rate / best).toFixed(2)]),
    });
  }
  if (only.includes('old-transaction')) {
    const { minutes, rate, dead } = values;
    const options = { minutes: Number(minutes), rate: Number(rate), dead: dead ? Number(dead) : undefined };
    const spreads = await measureBesideOldTransaction(scene, options, say);
    tables.push({
      title: `${rate} changes per second beside a transaction that is left open`,
      head: ['when', 'events done until then', 'p50 ms', 'p99 ms'],
      rows: spreads.map(({ what, done, p50, p99 }) => [
        what,
        whole(done),
        milliseconds(p50),
        milliseconds(p99),
      ]),
    });
  }
  const [server] = await scene.sql<{ version: string }>(
    "SELECT current_setting('server_version') AS version",
  );
  const on = machine(surroundings(workshop.directory, server?.version ?? '', load)).join('\n');
  console.log([on, ...tables.map(asText)].join('\n\n'));
  if (values.markdown) writeMarkdown(values.markdown, 'events', [on, ...tables.map(asMarkdown)].join('\n\n'));
} finally {
  await workshop.close();
}
