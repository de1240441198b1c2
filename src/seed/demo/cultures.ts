import { readDemoData } from './data.js';
import type { Random } from './random.js';

export type Place = readonly [suburb: string, state: string, postcode: string];

/** The names of a culture, with commas between them; each in Latin letters, after a bar also in its own script. */
interface Culture {
  readonly male: string;
  readonly female: string;
  readonly last: string;
  /** The share of names kept in the script of their language. */
  readonly ownScript: number;
  readonly countries: readonly (readonly [string, number])[];
}

interface People {
  readonly cultures: Readonly<Record<string, Culture>>;
  /** The format of phone numbers, and where people live. */
  readonly countries: Readonly<Record<string, { readonly phone: string; readonly places: readonly Place[] }>>;
}

const { cultures: CULTURES, countries: COUNTRIES } = readDemoData<People>('people.yaml');

export { COUNTRIES };

export interface Person {
  readonly first: string;
  readonly last: string;
  readonly gender: 'MALE' | 'FEMALE';
  /** Nationality. */
  readonly country: string;
  /** The name in plain letters, such as `thi.huong.nguyen`, for an e-mail address. */
  readonly handle: string;
}

/** Makes up a person. @throws Error for an unknown culture */
export function makePerson(random: Random, cultureName: string): Person {
  const culture = CULTURES[cultureName];
  if (!culture) throw new Error(`data/demo/people.yaml has no culture ${cultureName}`);
  const gender = random.chance(0.5) ? 'FEMALE' : 'MALE';
  const pick = (names: string) => random.pick(names.split(', ')).split('|');
  const first = pick(gender === 'FEMALE' ? culture.female : culture.male);
  const last = pick(culture.last);
  const ownScript = first.length > 1 && last.length > 1 && random.chance(culture.ownScript * 3);
  const script = ownScript ? 1 : 0;
  return {
    first: first[script]!,
    last: last[script]!,
    gender,
    country: random.weighted(culture.countries),
    handle: `${plainLetters(first[0]!)}.${plainLetters(last[0]!)}`,
  };
}

const UNDECOMPOSED: Readonly<Record<string, string>> = { đ: 'd', ł: 'l', ø: 'o', ß: 'ss' };

/** Returns a name in plain lower-case letters, with dots between its words. */
export function plainLetters(name: string): string {
  return name
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[đłøß]/g, (letter) => UNDECOMPOSED[letter]!)
    .replace(/[^a-z]+/g, '.');
}
