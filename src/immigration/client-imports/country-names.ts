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

/** ISO 3166-1 alpha-3, in the order of COUNTRY_CODES. */
const THREE_LETTERS = `
  AND ARE AFG ATG AIA ALB ARM AGO ATA ARG ASM AUT AUS ABW ALA AZE BIH BRB BGD BEL BFA BGR BHR BDI
  BEN BLM BMU BRN BOL BES BRA BHS BTN BVT BWA BLR BLZ CAN CCK COD CAF COG CHE CIV COK CHL CMR CHN
  COL CRI CUB CPV CUW CXR CYP CZE DEU DJI DNK DMA DOM DZA ECU EST EGY ESH ERI ESP ETH FIN FJI FLK
  FSM FRO FRA GAB GBR GRD GEO GUF GGY GHA GIB GRL GMB GIN GLP GNQ GRC SGS GTM GUM GNB GUY HKG HMD
  HND HRV HTI HUN IDN IRL ISR IMN IND IOT IRQ IRN ISL ITA JEY JAM JOR JPN KEN KGZ KHM KIR COM KNA
  PRK KOR KWT CYM KAZ LAO LBN LCA LIE LKA LBR LSO LTU LUX LVA LBY MAR MCO MDA MNE MAF MDG MHL MKD
  MLI MMR MNG MAC MNP MTQ MRT MSR MLT MUS MDV MWI MEX MYS MOZ NAM NCL NER NFK NGA NIC NLD NOR NPL
  NRU NIU NZL OMN PAN PER PYF PNG PHL PAK POL SPM PCN PRI PSE PRT PLW PRY QAT REU ROU SRB RUS RWA
  SAU SLB SYC SDN SWE SGP SHN SVN SJM SVK SLE SMR SEN SOM SUR SSD STP SLV SXM SYR SWZ TCA TCD ATF
  TGO THA TJK TKL TLS TKM TUN TON TUR TTO TUV TWN TZA UKR UGA UMI USA URY UZB VAT VCT VEN VGB VIR
  VNM VUT WLF WSM YEM MYT ZAF ZMB ZWE
`
  .trim()
  .split(/\s+/);

/** Names of Kosovo, which has no code in ISO 3166-1. */
const KOSOVO = ['kosovo', 'kosova', 'republicofkosovo', 'xk', 'xkx', 'xkk'];

let names: Map<string, string> | undefined;

/** Returns the code of a country from its code or English name in any case; any other text is returned unchanged. */
export function countryCode(text: string): string {
  names ??= englishNames();
  return names.get(wordOf(text)) ?? text;
}

/** Describes a text that is no country's code, in one sentence with the code to use, where one is known. */
export function countryProblem(text: string): string {
  names ??= englishNames();
  const shown = `"${text.length > 60 ? `${text.slice(0, 60)}…` : text}"`;
  const word = wordOf(text);
  if (KOSOVO.includes(word)) {
    return `${shown} has no code of its own in ISO 3166-1, which lists Kosovo under "RS": use that.`;
  }
  const code = names.get(word) ?? COUNTRY_CODES[THREE_LETTERS.indexOf(text.toUpperCase())];
  if (code) return `${shown} is no two-letter code: use "${code}" (${countryName(code)}).`;
  return `${shown} is no country that is known here: give its two-letter code (ISO 3166-1), such as "NP".`;
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
