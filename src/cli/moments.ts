import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d{1,9})([smhd])$/;

/** Parses a moment in the past: ISO 8601, or an age such as `90s`, `30m`, `2h`, `7d`. */
export function pastMoment(text: string): Date {
  return moment(text, -1);
}

/** Parses a moment in the future: ISO 8601, or a delay such as `90s`, `30m`, `2h`, `7d`. */
export function comingMoment(text: string): Date {
  const read = moment(text, 1);
  if (read.getTime() <= Date.now()) throw new InvalidArgumentError('This moment is over.');
  return read;
}

function moment(text: string, direction: 1 | -1): Date {
  const [, count, unit] = DURATION.exec(text) ?? [];
  const read = unit
    ? new Date(Date.now() + direction * Number(count) * (UNITS[unit] as number))
    : new Date(/^\d{4}-/.test(text) ? text : Number.NaN);
  if (Number.isNaN(read.getTime()))
    throw new InvalidArgumentError('Give a moment as 2026-01-31T09:00Z, or a time as 90s, 30m, 2h, 7d.');
  return read;
}
