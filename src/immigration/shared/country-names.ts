const names = new Intl.DisplayNames(['en'], { type: 'region' });

/** Where existing clients know another name than the one that Unicode gives. */
const OTHERS: Readonly<Record<string, string>> = {
  HK: 'Hong Kong',
  MM: 'Myanmar',
  MO: 'Macao',
  PS: 'Palestine, State of',
  US: 'United States of America',
};

/** What a country is called in English. @param code ISO 3166-1 alpha-2; what is none is given back */
export function countryName(code: string): string {
  if (!/^[A-Z]{2}$/.test(code)) return code;
  return OTHERS[code] ?? names.of(code) ?? code;
}
