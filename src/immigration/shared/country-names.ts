const names = new Intl.DisplayNames(['en'], { type: 'region' });

/** Names that differ from Unicode's, as existing clients know them. */
const OTHERS: Readonly<Record<string, string>> = {
  HK: 'Hong Kong',
  MM: 'Myanmar',
  MO: 'Macao',
  PS: 'Palestine, State of',
  US: 'United States of America',
};

/** Returns a country's English name. @param code ISO 3166-1 alpha-2; any other text is returned unchanged */
export function countryName(code: string): string {
  if (!/^[A-Z]{2}$/.test(code)) return code;
  return OTHERS[code] ?? names.of(code) ?? code;
}
