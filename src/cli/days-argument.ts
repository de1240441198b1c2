import { InvalidArgumentError } from 'commander';

/** Parses whole days separated by commas: `90,30,1`; `none`: none. @throws InvalidArgumentError for anything else */
export function parseDays(text: string): number[] {
  if (text.trim() === 'none') return [];
  const days = text.split(',').map((day) => day.trim());
  if (days.every((day) => /^\d{1,5}$/.test(day))) return days.map(Number);
  throw new InvalidArgumentError('It must be whole numbers apart by commas, or "none".');
}
