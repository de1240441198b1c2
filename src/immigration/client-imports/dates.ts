export const DATE_FORMATS = ['YYYY-MM-DD', 'DD/MM/YYYY', 'MM/DD/YYYY'] as const;
export type DateFormat = (typeof DATE_FORMATS)[number];

const PARTED = /^(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})$/;
const YEAR_FIRST = /^(\d{4})[/.](\d{1,2})[/.](\d{1,2})$/;

/**
 * Guesses the format of these dates: a number above 12 shows which of day and month comes first; by default the day
 * does.
 */
export function guessDateFormat(samples: Iterable<string>): DateFormat {
  let parted = false;
  for (const sample of samples) {
    const [, first, second] = PARTED.exec(sample.trim()) ?? [];
    if (!first || !second) continue;
    parted = true;
    if (Number(first) > 12) return 'DD/MM/YYYY';
    if (Number(second) > 12) return 'MM/DD/YYYY';
  }
  return parted ? 'DD/MM/YYYY' : 'YYYY-MM-DD';
}

/**
 * Converts a date of this format to YYYY-MM-DD. Other texts are returned unchanged, for the field to parse or reject.
 */
export function isoDate(text: string, format: DateFormat): string {
  const [, year, first, second] = YEAR_FIRST.exec(text) ?? [];
  if (year) return `${year}-${first}-${second}`;
  const [, one, two, end] = PARTED.exec(text) ?? [];
  if (!end || format === 'YYYY-MM-DD') return text;
  return format === 'DD/MM/YYYY' ? `${end}-${two}-${one}` : `${end}-${one}-${two}`;
}
