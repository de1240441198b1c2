import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { OwnerClient } from '../../database/owner.js';
import { type Line, ok, type ProductionCheck, problem, unknown, warning } from '../check.js';

/** Differences in seconds beyond which the clocks are reported. */
const DIFFERENCE = { warning: 1, problem: 30 } as const;
const TRIES = 3;
const ASKED_FOR_MS = 3_000;
/** A file that systemd-timesyncd touches when the clock is right. */
const SYNCHRONISED = '/run/systemd/timesync/synchronized';
const MEND = 'let both machines keep their clocks by NTP: timedatectl set-ntp true';

/** Checks that tokens, links and reminders mean the same time everywhere. */
export const clockCheck: ProductionCheck = {
  name: 'clock',
  async ask(client, { now = Date.now, signal }) {
    const [{ seconds, within }, ntp] = [await difference(client, now), await synchronisation(signal)];
    const lines: Line[] = [];
    if (Math.abs(seconds) - within > DIFFERENCE.warning) {
      const report = Math.abs(seconds) - within > DIFFERENCE.problem ? problem : warning;
      const side = seconds > 0 ? 'ahead of' : 'behind';
      lines.push(
        report(`the clock of this machine is ${Math.abs(seconds).toFixed(1)} s ${side} the database's`, MEND),
      );
    }
    if (ntp === 'no') lines.push(warning('nothing keeps the clock of this machine right', MEND));
    if (ntp === 'hidden')
      lines.push(
        unknown(
          'whether the clock of this machine is kept right is not known here',
          'see on the host: timedatectl, or chronyc tracking',
        ),
      );
    if (lines.some(({ level }) => level !== 'unknown')) return lines;
    return [...lines, ok(`agrees with the database's${ntp === 'yes' ? ' and is kept right by NTP' : ''}`)];
  },
};

/** Returns by how many seconds this clock is ahead of the database's, and how far that may be off. */
async function difference(
  client: OwnerClient,
  now: () => number,
): Promise<{ seconds: number; within: number }> {
  const measured = [];
  for (let i = 0; i < TRIES; i++) {
    const before = now();
    const { rows } = await client.query<{ ms: number }>(
      'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms',
    );
    const after = now();
    measured.push({ seconds: ((before + after) / 2 - rows[0]!.ms) / 1000, within: (after - before) / 2000 });
  }
  return measured.toSorted((a, b) => a.within - b.within)[0]!;
}

/** Returns whether the machine's clock is synchronised, as far as systemd or chrony says. */
async function synchronisation(signal: AbortSignal): Promise<'yes' | 'no' | 'hidden'> {
  const systemd = await output('timedatectl', ['show', '--property=NTPSynchronized', '--value'], signal);
  if (systemd === 'yes' || systemd === 'no') return systemd;
  if (existsSync(SYNCHRONISED)) return 'yes';
  const chrony = await output('chronyc', ['-n', 'tracking'], signal);
  if (chrony === null) return 'hidden';
  return /^Leap status\s*:\s*Normal/m.test(chrony) ? 'yes' : 'no';
}

/** Returns what a program prints; null where it is missing, fails or takes too long. */
async function output(file: string, args: string[], signal: AbortSignal): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(file, args, { signal, timeout: ASKED_FOR_MS });
    return stdout.trim();
  } catch {
    return null;
  }
}
