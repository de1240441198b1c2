import { qualified } from '../database/schema-name.js';
import { SUBSTITUTE_SIZES } from './anonymised-files.js';

/** The place of a value: all names are quoted. */
interface Place {
  readonly schema: string;
  /** The column itself. */
  readonly column: string;
  /** The column with the number that makes the row's values unlike others. */
  readonly key: string;
}

const SUBSTITUTE_CASES = Object.entries(SUBSTITUTE_SIZES)
  .map(([extension, size]) => `WHEN '${extension}' THEN ${size}`)
  .join(' ');

type Replacement = (place: Place) => string;

/** Keeps what is empty empty: reports and filters count records with and without a value. */
const unlessEmpty =
  (value: (place: Place) => string): Replacement =>
  (place) =>
    `CASE WHEN ${place.column} IS NULL OR ${place.column} = '' THEN ${place.column} ELSE ${value(place)} END`;

const numbered = (word: string) => unlessEmpty(({ key }) => `'${word}' || ${key}`);

const BASIC = {
  /** No person's data: kinds, names of things, times. */
  kept: ({ column }) => column,
  givenName: numbered('Given'),
  familyName: numbered('Family'),
  /** The whole name of a person or a firm. */
  name: numbered('Name '),
  /** RFC 2606 keeps the domain from ever existing. */
  email: unlessEmpty(({ key }) => `'person' || ${key} || '@example.invalid'`),
  /** No country has the code 999. */
  phone: unlessEmpty(({ key }) => `'+999' || lpad((${key} % 1000000000)::text, 9, '0')`),
  passport: unlessEmpty(({ key }) => `'P' || lpad(${key}::text, 8, '0')`),
  /** Only the year of a birth stays. */
  birth: ({ column }) => `make_date(extract(year FROM ${column})::integer, 1, 1)`,
  street: unlessEmpty(({ key }) => `${key} || ' Example Street'`),
  place: numbered('Place '),
  postcode: unlessEmpty(() => "'0000'"),
  website: unlessEmpty(({ key }) => `'https://example.invalid/' || ${key}`),
  /** A number by which others know a person: of a student, a transaction. */
  reference: numbered('R'),
  username: numbered('user'),
  /** Whatever people have typed. */
  text: numbered('Text '),
  json: ({ column }) => `CASE pg_catalog.jsonb_typeof(${column}) WHEN 'array' THEN '[]'::jsonb
    WHEN 'object' THEN '{}'::jsonb ELSE CASE WHEN ${column} IS NOT NULL THEN 'null'::jsonb END END`,
  /** No password matches it, as Django marks users who cannot log in. */
  password: () => "'!anonymised'",
} satisfies Record<string, Replacement>;

/** The arguments of search_text_of_client: replaced columns of the client that the row is of. */
const SEARCHED = [
  ['first_name', 'givenName'],
  ['middle_name', 'givenName'],
  ['last_name', 'familyName'],
  ['email', 'email'],
  ['phone_number', 'phone'],
] as const;

const searchText: Replacement = ({ schema }) => {
  const parts = SEARCHED.map(
    ([name, kind]) => `(${BASIC[kind]({ schema, column: `c.${name}`, key: 'c.id' })})::text`,
  );
  return `(SELECT ${qualified(schema, 'search_text_of_client')}(${parts.join(', ')})
    FROM ${qualified(schema, 'immigration_client')} c WHERE c.id = t.client_id)`;
};

/** The values in place of people's data, by their kind: SQL for what is read in place of a column. */
export const REPLACEMENTS = {
  ...BASIC,
  searchText,
  searchNames: (place) => `split_part(${searchText(place)}, E'\\x1f', 2)`,
  substituteSize: () => `CASE reverse(split_part(reverse(t.file), '.', 1)) ${SUBSTITUTE_CASES} ELSE 0 END`,
} satisfies Record<string, Replacement>;

export type ReplacementKind = keyof typeof REPLACEMENTS;
