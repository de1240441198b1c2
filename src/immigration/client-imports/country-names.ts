import { COUNTRY_CODES } from '../../http/fields/countries.js';
import { countryName } from '../shared/country-names.js';

const OTHER_NAMES: Readonly<Record<string, string>> = {
  usa: 'US',
  america: 'US',
  uk: 'GB',
  greatbritain: 'GB',
  britain: 'GB',
  england: 'GB',
  scotland: 'GB',
  wales: 'GB',
  uae: 'AE',
  korea: 'KR',
  southkorea: 'KR',
  republicofkorea: 'KR',
  northkorea: 'KP',
  russianfederation: 'RU',
  vietnam: 'VN',
  burma: 'MM',
  czechrepublic: 'CZ',
  holland: 'NL',
  macau: 'MO',
  turkey: 'TR',
  ivorycoast: 'CI',
  swaziland: 'SZ',
  palestine: 'PS',
};

let names: Map<string, string> | undefined;

/** The code of a country from its code or English name in any case; what is no country's stays as it is. */
export function countryCode(text: string): string {
  names ??= englishNames();
  return names.get(wordOf(text)) ?? text;
}

function englishNames(): Map<string, string> {
  const english = new Intl.DisplayNames('en', { type: 'region' });
  return new Map([
    ...COUNTRY_CODES.map((code) => [wordOf(english.of(code) ?? code), code] as const),
    ...COUNTRY_CODES.map((code) => [wordOf(countryName(code)), code] as const),
    ...Object.entries(OTHER_NAMES),
    ...COUNTRY_CODES.map((code) => [code.toLowerCase(), code] as const),
  ]);
}

function wordOf(text: string): string {
  const plain = text.normalize('NFD').toLowerCase().replace(/&/g, 'and');
  return plain.replace(/[^a-z]/g, '') || text;
}
