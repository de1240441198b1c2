import { parse } from 'csv-parse/sync';
import { TimeSlices } from '../../platform/time-slices.js';

export const DELIMITERS = { comma: ',', semicolon: ';', tab: '\t', pipe: '|' } as const;
export type Delimiter = keyof typeof DELIMITERS;
export const DELIMITER_NAMES = Object.keys(DELIMITERS) as Delimiter[];

const ROWS_LOOKED_AT = 20;
const SEP_LINE = /^sep=(.)\r?\n/;

/** Options with which the parser accepts the variants that programs write. */
export const TOLERANT = { relax_column_count: true, relax_quotes: true, skip_empty_lines: true } as const;

/** Returns the line `sep=;` with which a file tells Excel its delimiter; '' without one. */
export function sepLine(beginning: string): string {
  return SEP_LINE.exec(beginning)?.[0] ?? '';
}

/**
 * Guesses the delimiter: the one that the file declares, or else the one that gives the header most cells, among those
 * with which most rows have as many cells as the header.
 * @param beginning of the file's text
 */
export async function guessDelimiter(beginning: string): Promise<Delimiter> {
  const told = SEP_LINE.exec(beginning)?.[1];
  const named = DELIMITER_NAMES.find((name) => DELIMITERS[name] === told);
  if (named) return named;
  const slices = new TimeSlices();
  let best: Delimiter = 'comma';
  let bestScore = 0;
  for (const name of DELIMITER_NAMES) {
    if (slices.isOver) await slices.next();
    const score = scoreOf(beginning, DELIMITERS[name]);
    if (score > bestScore) {
      best = name;
      bestScore = score;
    }
  }
  return best;
}

function scoreOf(beginning: string, delimiter: string): number {
  let rows: string[][];
  try {
    rows = parse(beginning, { ...TOLERANT, delimiter, to: ROWS_LOOKED_AT });
  } catch {
    return 0; // perhaps a quote that does not end within the beginning
  }
  const cells = rows[0]?.length ?? 0;
  if (cells < 2) return 0;
  const alike = rows.filter((row) => row.length === cells).length / rows.length;
  return alike * 1_000 + cells;
}
