import { Drill, type DrillOptions, type Happening, type Outcome } from './drill.js';
import type { DrilledPlatform } from './drilled-platform.js';

/** One row of the table. */
export interface Case<P extends DrilledPlatform> {
  /** A word for the option --only. */
  readonly name: string;
  readonly title: string;
  /** Prepares the platform, before what clients see counts. */
  readonly prepare?: (drill: Drill<P>) => Promise<void>;
  readonly event: Happening<P>;
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
const count = (value: number) => Math.round(value).toLocaleString('en');

export const HEAD = [
  '| event | requests | failed | longest wait | live streams | events lost | events doubled | failures by kind, remarks |',
  '| --- | ---: | ---: | ---: | --- | ---: | ---: | --- |',
];

function rowOf(title: string, outcome: Outcome | Error): string {
  if (outcome instanceof Error) return `| ${title} | | | | | | | failed: ${outcome.message.split('\n')[0]} |`;
  const { requests, failed, longestMs, streamLosses, streamGapMs, lost, doubled, kinds, remarks } = outcome;
  const cells = [
    title,
    count(requests),
    count(failed),
    seconds(longestMs),
    streamLosses === 0 ? 'none lost' : `${streamLosses} lost, back within ${seconds(streamGapMs)}`,
    lost,
    doubled,
    [kinds, remarks].filter(Boolean).join('; '),
  ];
  return `| ${cells.join(' | ')} |`;
}

/**
 * Plays cases on one platform, which is closed afterwards; what it sees is printed as it goes. The process will exit with
 * 1 if an event was lost or doubled.
 * @returns their rows
 */
export async function playAll<P extends DrilledPlatform>(
  platform: P,
  options: DrillOptions,
  cases: readonly Case<P>[],
): Promise<string[]> {
  const drill = await Drill.begin(platform, options);
  const rows: string[] = [];
  try {
    for (const { name, title, prepare, event } of cases) {
      await prepare?.(drill);
      const outcome = await drill.play(event).catch((error: Error) => error);
      rows.push(rowOf(title, outcome));
      console.error(name, outcome);
      if (outcome instanceof Error || outcome.lost > 0 || outcome.doubled > 0) process.exitCode = 1;
      if (outcome instanceof Error) break; // what it left behind is unknown
    }
  } finally {
    await drill.close();
  }
  return rows;
}
