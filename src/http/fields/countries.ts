import { Type } from '@sinclair/typebox';
import { component } from '../component.js';
import { type Field, FieldError, field } from './field.js';
import { readText } from './text.js';

/** ISO 3166-1 alpha-2. */
export const COUNTRY_CODES: readonly string[] = `
  AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ
  BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR
  CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
  GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU
  ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ
  LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ
  MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF
  PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI
  SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR
  TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
`
  .trim()
  .split(/\s+/);

export const countrySchema = component(
  'CountryEnum',
  Type.Unsafe<string>({ type: 'string', enum: [...COUNTRY_CODES] }),
);

const CODES = new Set(COUNTRY_CODES);

/** Returns whether this is a country's two-letter code in upper case. */
export function isCountryCode(text: string): boolean {
  return CODES.has(text);
}

/** Makes a field for a country's two-letter code, upper case; "" for none where the field is not mandatory. */
export function country(options: { readonly mandatory?: boolean } = {}): Field<string, false> {
  const { mandatory = false } = options;
  const schema = Type.String({ ...(mandatory && { minLength: 1 }), maxLength: 2 });
  const parse = (value: unknown) => {
    const code = readText(value, { max: 2, ...(mandatory && { min: 1 }) });
    if (code !== '' && !CODES.has(code)) throw FieldError.of(`"${code}" is not a valid choice.`);
    return code;
  };
  return field(schema, parse, !mandatory);
}
